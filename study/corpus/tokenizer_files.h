// The files of a tokenizer, kept beside what was made with it.
#pragma once

#include <filesystem>
#include <string>

namespace hlwq::study {

// Copies tokenizer.json, and where they are there tokenizer_config.json, generation_config.json and
// special_tokens_map.json, from a folder (or what is beside a tokenizer.json) to another. Returns the hash of the
// first. Throws Error{kNotFound} without it.
std::string CopyTokenizer(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace hlwq::study
