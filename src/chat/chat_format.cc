#include "chat/chat_format.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hlwq::chat {
namespace {

using nlohmann::json;

constexpr std::string_view kTokenizerConfig = "tokenizer_config.json";
constexpr std::string_view kTemplate = "chat_template.jinja";

// A token in tokenizer_config.json: "<s>", or an object with its content; empty for null.
std::optional<std::string> TokenOf(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("content") && value["content"].is_string()) {
    return value["content"].get<std::string>();
  }
  return std::nullopt;
}

}  // namespace

ChatFormat OpenChatFormat(const checkpoint::Checkpoint& checkpoint) {
  json tokenizer_config = ReadSideJson(checkpoint, kTokenizerConfig);
  if (tokenizer_config.is_null()) tokenizer_config = json::object();
  std::string where = SideFilePlace(checkpoint, kTemplate);
  std::optional<std::string> source = ReadSideFile(checkpoint, kTemplate);
  if (!source) {
    where = SideFilePlace(checkpoint, kTokenizerConfig);
    source = WithContext(where, [&] { return text::FindChatTemplate(tokenizer_config, false); });
    where += ": chat_template";
  }
  if (!source) {
    throw Error(ErrorCode::kNotFound,
                fmt::format("{}: no chat template, neither {} nor in {}", checkpoint.root.string(),
                            kTemplate, kTokenizerConfig));
  }
  nlohmann::ordered_json special_tokens = nlohmann::ordered_json::object();
  for (const auto& [key, value] : tokenizer_config.items()) {
    if (!key.ends_with("_token")) continue;
    if (const auto token = TokenOf(value)) special_tokens[key] = *token;
  }
  return {WithContext(where, [&] { return text::ChatTemplate(*source); }),
          std::move(special_tokens)};
}

}  // namespace hlwq::chat
