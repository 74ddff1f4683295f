// What the files beside a tokenizer.json say of its tokens, united as AutoTokenizer of transformers (5.24)
// does: tokenizer_config.json; special_tokens_map.json and added_tokens.json where it has no
// added_tokens_decoder.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "checkpoint/checkpoint.h"

namespace hlwq::chat {

struct SpecialTokens {
  // What templates know by name: "bos_token": "<s>", ...
  nlohmann::ordered_json by_name = nlohmann::ordered_json::object();
  // Tokens as the added_tokens of a tokenizer.json has them, in ascending order of ids, those without an
  // id last: they are special wherever the tokenizer knows their text.
  nlohmann::json added = nlohmann::json::array();

  // The text of one, "eos_token"; empty where it is not named.
  std::optional<std::string> Text(const char* name) const;
};

// Throws Error{kInvalidData} naming the file for one that is no object.
SpecialTokens ReadSpecialTokens(const checkpoint::Checkpoint& checkpoint);

}  // namespace hlwq::chat
