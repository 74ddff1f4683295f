// The HTML page behind quantize --report.
#pragma once

#include <filesystem>
#include <string>

#include "codec/codec.h"
#include "convert/quantize.h"

namespace hlwq::cli {

// Writes the page, whole or not at all. Names are shown without the folders they are in.
void WriteQuantizePage(const std::filesystem::path& page, const std::filesystem::path& source,
                       const std::filesystem::path& destination, const codec::CodecSpec& spec,
                       const convert::QuantizeResult& result);

}  // namespace hlwq::cli
