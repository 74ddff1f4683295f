// How a model wants conversations written: the chat template beside its weights.
#pragma once

#include <nlohmann/json.hpp>

#include "checkpoint/checkpoint.h"
#include "text/chat_template.h"

namespace hlwq::chat {

// Immutable. Thread: safe.
struct ChatFormat {
  text::ChatTemplate chat_template;
  std::string source;  // of the template
  // What the template knows by name: "bos_token": "<s>", ... (chat/special_tokens.h)
  nlohmann::ordered_json special_tokens;
};

// From chat_template.jinja, else `chat_template` of tokenizer_config.json (of several, the one
// named "default"). Throws Error{kNotFound} when the checkpoint has neither.
ChatFormat OpenChatFormat(const checkpoint::Checkpoint& checkpoint);

}  // namespace hlwq::chat
