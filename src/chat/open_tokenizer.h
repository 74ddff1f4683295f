// The tokenizer beside a model's weights, or alone.
#pragma once

#include <cstddef>
#include <filesystem>

#include "checkpoint/checkpoint.h"
#include "text/tokenizer.h"

namespace hlwq::chat {

// The tokenizer of a checkpoint whose model has `vocabulary` tokens. Throws Error{kNotFound}
// without a tokenizer.json, Error{kInvalidData} naming both sizes when it has ids that the model
// has not (fewer is usual: vocabularies are padded).
text::Tokenizer OpenTokenizer(const checkpoint::Checkpoint& checkpoint, size_t vocabulary);
bool HasTokenizer(const checkpoint::Checkpoint& checkpoint);

// A tokenizer without its model: a tokenizer.json, a folder with one, or a .gguf file.
text::Tokenizer OpenTokenizerAt(const std::filesystem::path& path);

}  // namespace hlwq::chat
