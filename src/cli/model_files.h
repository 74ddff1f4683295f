// The small files beside a model's weights: its tokenizer and its chat template.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "checkpoint/checkpoint.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace hlwq::cli {

// The tokenizer of a checkpoint whose model has `vocabulary` tokens. Throws Error{kNotFound}
// without a tokenizer.json, Error{kInvalidData} naming both sizes when it has ids that the model
// has not (fewer is usual: vocabularies are padded).
text::Tokenizer OpenTokenizer(const checkpoint::Checkpoint& checkpoint, size_t vocabulary);

// A tokenizer alone: a tokenizer.json, a folder with one, or a .gguf file.
text::Tokenizer OpenTokenizerAt(const std::filesystem::path& path);

// How a model wants conversations written.
struct ChatFormat {
  text::ChatTemplate chat_template;
  // What the template knows by name: "bos_token": "<s>", ... (the *_token of tokenizer_config.json)
  nlohmann::ordered_json special_tokens;
};

// From chat_template.jinja, else `chat_template` of tokenizer_config.json (of several, the one
// named "default"). Throws Error{kNotFound} when the checkpoint has neither.
ChatFormat OpenChatFormat(const checkpoint::Checkpoint& checkpoint);

}  // namespace hlwq::cli
