#include "chat/chat_format.h"

#include <gtest/gtest.h>

#include "tests/chat/made_checkpoint.h"

namespace hlwq::chat {
namespace {

std::string Rendered(const ChatFormat& format) {
  nlohmann::ordered_json variables = format.special_tokens;
  return format.chat_template.Render(variables);
}

TEST(ChatFormat, ATemplateOfItsOwnWinsOverThatOfTheTokenizer) {
  const checkpoint::SideFile config = {
      "tokenizer_config.json",
      {},
      R"({"chat_template": "old {{ bos_token }}", "bos_token": {"content": "<s>"},
          "eos_token": "</s>", "pad_token": null})"};
  EXPECT_EQ(Rendered(OpenChatFormat(WithFiles({config}))), "old <s>");
  const checkpoint::SideFile jinja = {"chat_template.jinja", {}, "new {{ eos_token }}"};
  EXPECT_EQ(Rendered(OpenChatFormat(WithFiles({config, jinja}))), "new </s>");
}

TEST(ChatFormat, OfSeveralTemplatesTheDefaultIsTaken) {
  const auto checkpoint = WithFiles({{"tokenizer_config.json", {}, R"({"chat_template": [
      {"name": "tool_use", "template": "tools"}, {"name": "default", "template": "plain"}]})"}});
  EXPECT_EQ(Rendered(OpenChatFormat(checkpoint)), "plain");
}

TEST(ChatFormat, WithoutATemplateTheErrorSaysWhereOneWasLookedFor) {
  test::ExpectError(ErrorCode::kNotFound,
                    "neither chat_template.jinja nor in tokenizer_config.json",
                    [] { OpenChatFormat(WithFiles({})); });
  test::ExpectError(ErrorCode::kInvalidData, "tokenizer_config.json: want an object", [] {
    OpenChatFormat(WithFiles({{"tokenizer_config.json", {}, "[]"}}));
  });
}

}  // namespace
}  // namespace hlwq::chat
