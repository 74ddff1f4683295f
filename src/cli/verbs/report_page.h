// The HTML pages behind --report.
#pragma once

#include <filesystem>
#include <string>

#include "codec/codec.h"
#include "convert/job.h"

namespace hlwq::cli {

// Throws where a page could not be written to this path, before hours of work end there:
// Error{kNotFound} for a missing folder, Error{kInvalidArgument} for a path that is a folder.
void CheckPagePath(const std::filesystem::path& page);

// The last name of a path, also of one that ends with a slash: pages show no folders.
std::string LastName(const std::filesystem::path& path);

// Writes the page, whole or not at all. Names are shown without the folders they are in.
void WriteCodingPage(const std::filesystem::path& page, const std::filesystem::path& source,
                     const std::filesystem::path& destination, const codec::CodecSpec& spec,
                     const convert::ConversionResult& result);

}  // namespace hlwq::cli
