#include "hlwq/conversation.h"

#include "tests/api/golden_model.h"

namespace hlwq {
namespace {

class PublicConversation : public testing::Test {
 protected:
  Model model_{GoldenModel(), {.threads = 1}};
  const GenerateOptions options_ = {.max_tokens = 6, .sampling = {.temperature = 0}};

  Conversation NewConversation(size_t context_tokens = 256) const {
    return Conversation(model_, {.system = "terse", .session = {.context_tokens = context_tokens}});
  }
};

TEST_F(PublicConversation, KeepsWhatWasSaidAndDoesNotReadItTwice) {
  Conversation conversation = NewConversation();
  const Answer first = conversation.Ask("the lazy dog", options_);
  EXPECT_EQ(first.reused_tokens, 0u);
  const Answer second = conversation.Ask("the quick fox", options_);
  EXPECT_GE(second.reused_tokens, first.prompt_tokens - 1);
  const std::vector<Message> messages = conversation.messages();
  ASSERT_EQ(messages.size(), 5u);
  EXPECT_EQ(messages[0].role, "system");
  EXPECT_EQ(messages[1].text, "the lazy dog");
  EXPECT_EQ(messages[2].text, first.text);
  EXPECT_EQ(messages[4].role, "assistant");
  conversation.Reset();
  EXPECT_EQ(conversation.messages().size(), 1u);
  EXPECT_EQ(conversation.Ask("the lazy dog", options_).text, first.text);
}

TEST_F(PublicConversation, AQuestionThatFailsIsNotAsked) {
  Conversation conversation = NewConversation(48);
  test::ExpectError(ErrorCode::kInvalidArgument, "48",
                    [&] { conversation.Ask(std::string(400, 'x'), options_); });
  EXPECT_EQ(conversation.messages().size(), 1u);
  EXPECT_FALSE(conversation.Ask("a", options_).tokens.empty());
}

TEST_F(PublicConversation, AnAnswerInPartsIsTheSame) {
  Conversation asked = NewConversation();
  Conversation added = NewConversation();
  added.Add("user", "the lazy dog");
  EXPECT_EQ(added.Reply(options_).text, asked.Ask("the lazy dog", options_).text);
}

TEST_F(PublicConversation, VariablesOfTheTemplateAreAnObject) {
  for (const char* text : {"[]", "{", "{\"a\": 1, \"a\": 2}"}) {
    test::ExpectError(ErrorCode::kInvalidArgument, "template_variables",
                      [&] { Conversation(model_, {.template_variables = text}); });
  }
  Conversation(model_, {.template_variables = R"({"enable_thinking": false})"});
}

TEST_F(PublicConversation, NeedsATemplate) {
  const Model bare(test::Golden("good/models/llama-linear"));
  test::ExpectError(ErrorCode::kNotFound, "chat template", [&] { Conversation{bare}; });
}

}  // namespace
}  // namespace hlwq
