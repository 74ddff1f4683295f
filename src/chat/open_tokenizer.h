// The tokenizer beside a model's weights, or alone.
#pragma once

#include <cstddef>
#include <filesystem>

#include "checkpoint/checkpoint.h"
#include "text/tokenizer.h"

namespace hlwq::chat {

// The tokenizer of a checkpoint. It may have ids that the model has not (fewer are usual: vocabularies
// are padded): such a token ends a prompt with an error, no more. Throws Error{kNotFound} without a
// tokenizer.json.
text::Tokenizer OpenTokenizer(const checkpoint::Checkpoint& checkpoint);
bool HasTokenizer(const checkpoint::Checkpoint& checkpoint);

// A tokenizer without its model: a tokenizer.json, a folder with one, or a .gguf file.
text::Tokenizer OpenTokenizerAt(const std::filesystem::path& path);

}  // namespace hlwq::chat
