#include "chat/chat_format.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "chat/special_tokens.h"

namespace hlwq::chat {
namespace {

constexpr std::string_view kTokenizerConfig = "tokenizer_config.json";
constexpr std::string_view kTemplate = "chat_template.jinja";

}  // namespace

ChatFormat OpenChatFormat(const checkpoint::Checkpoint& checkpoint) {
  nlohmann::json tokenizer_config = ReadSideJson(checkpoint, kTokenizerConfig);
  if (tokenizer_config.is_null()) tokenizer_config = nlohmann::json::object();
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
  return {WithContext(where, [&] { return text::ChatTemplate(*source); }), *source,
          ReadSpecialTokens(checkpoint).by_name};
}

}  // namespace hlwq::chat
