#include "cli/model_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/conversation.h"
#include "tests/support/shared_data.h"

namespace hlwq::cli {
namespace {

using testing::HasSubstr;

std::string GoldenTokenizerJson() {
  return ReadSmallFile(test::Golden("good/gguf/llama-bpe/tokenizer.json"), 1 << 20);
}

checkpoint::Checkpoint WithFiles(std::vector<checkpoint::SideFile> files) {
  checkpoint::Checkpoint checkpoint;
  checkpoint.root = "model";
  checkpoint.side_files = std::move(files);
  return checkpoint;
}

void ExpectError(ErrorCode code, const char* part, auto&& body) {
  try {
    body();
    ADD_FAILURE() << "no error about " << part;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(part));
  }
}

std::string Rendered(const ChatFormat& format) {
  nlohmann::ordered_json variables = format.special_tokens;
  return format.chat_template.Render(variables);
}

TEST(ModelFiles, AVocabularyMayBePaddedButNotSmallerThanTheTokenizer) {
  const auto checkpoint = WithFiles({{"tokenizer.json", {}, GoldenTokenizerJson()}});
  EXPECT_EQ(OpenTokenizer(checkpoint, 380).size(), 380u);
  EXPECT_EQ(OpenTokenizer(checkpoint, 512).size(), 380u);
  ExpectError(ErrorCode::kInvalidData, "the model's vocabulary of 379, got up to 379",
              [&] { OpenTokenizer(checkpoint, 379); });
  ExpectError(ErrorCode::kNotFound, "no tokenizer.json", [] { OpenTokenizer(WithFiles({}), 379); });
}

TEST(ModelFiles, ATemplateOfItsOwnWinsOverThatOfTheTokenizer) {
  const checkpoint::SideFile config = {
      "tokenizer_config.json",
      {},
      R"({"chat_template": "old {{ bos_token }}", "bos_token": {"content": "<s>"},
          "eos_token": "</s>", "pad_token": null})"};
  EXPECT_EQ(Rendered(OpenChatFormat(WithFiles({config}))), "old <s>");
  const checkpoint::SideFile jinja = {"chat_template.jinja", {}, "new {{ eos_token }}"};
  EXPECT_EQ(Rendered(OpenChatFormat(WithFiles({config, jinja}))), "new </s>");
}

TEST(ModelFiles, OfSeveralTemplatesTheDefaultIsTaken) {
  const auto checkpoint = WithFiles({{"tokenizer_config.json", {}, R"({"chat_template": [
      {"name": "tool_use", "template": "tools"}, {"name": "default", "template": "plain"}]})"}});
  EXPECT_EQ(Rendered(OpenChatFormat(checkpoint)), "plain");
}

TEST(ModelFiles, WithoutATemplateTheErrorSaysWhereOneWasLookedFor) {
  ExpectError(ErrorCode::kNotFound, "neither chat_template.jinja nor in tokenizer_config.json",
              [] { OpenChatFormat(WithFiles({})); });
  ExpectError(ErrorCode::kInvalidData, "tokenizer_config.json: want an object", [] {
    OpenChatFormat(WithFiles({{"tokenizer_config.json", {}, "[]"}}));
  });
}

TEST(Conversation, ThePromptFollowsTheTemplate) {
  const text::Tokenizer tokenizer(GoldenTokenizerJson());
  const auto checkpoint = WithFiles(
      {{"chat_template.jinja",
        {},
        "{% for m in messages %}{{ m.role }}={{ m.content }};{% endfor %}"
        "{{ enable_thinking is defined and not enable_thinking }}{{ add_generation_prompt }}"}});
  Conversation conversation(OpenChatFormat(checkpoint), {.system = "s", .forbids_thinking = true});
  const auto prompt = [&] { return tokenizer.Decode(conversation.Prompt(tokenizer)); };
  conversation.AddUser("a");
  conversation.AddAssistant("b");
  conversation.AddUser("c\xff");
  EXPECT_EQ(prompt(), "system=s;user=a;assistant=b;user=c\uFFFD;TrueTrue");
  conversation.RemoveLast();
  EXPECT_EQ(prompt(), "system=s;user=a;assistant=b;TrueTrue");
  conversation.Reset();
  EXPECT_EQ(prompt(), "system=s;TrueTrue");
}

}  // namespace
}  // namespace hlwq::cli
