// Texts on disk as documents.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hlwq::study {

// The file itself, or all files below a folder whose names do not begin with a dot, sorted. Throws
// Error{kNotFound}.
std::vector<std::filesystem::path> TextFiles(const std::filesystem::path& path);

// The whole of a text of up to 64 GiB.
std::string ReadText(const std::filesystem::path& path);

// The documents of one text, without blanks around them; empty ones are left out. They are cut at `separator`; where
// that is empty, at "<|endoftext|>" if the text has it, else at empty lines. Borrows the text.
std::vector<std::string_view> CutDocuments(std::string_view text, std::string_view separator);

}  // namespace hlwq::study
