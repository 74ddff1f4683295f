#include "chat/session.h"

#include <gtest/gtest.h>

#include "tests/chat/made_checkpoint.h"

namespace hlwq::chat {
namespace {

class SessionTest : public testing::Test {
 protected:
  TextModel model_{test::Golden("good/gguf/llama-bpe/model.gguf"), {.engine = {.threads = 1}}};
  const std::vector<text::TokenId> prompt_ = model_.EncodePrompt("the lazy dog");
  AnswerOptions options_ = Greedy();

  static AnswerOptions Greedy() {
    AnswerOptions options;
    options.generate.max_tokens = 12;
    options.generate.sampler.temperature = 0;
    return options;
  }
  Session NewSession() { return Session(model_, {.capacity = 64}); }
};

TEST_F(SessionTest, TheTextIsThatOfTheTokensAndComesInPieces) {
  std::string pieces;
  const auto on_text = [&](std::string_view text) {
    pieces += text;
    return true;
  };
  const Answer answer = NewSession().Reply(prompt_, options_, {.on_text = on_text});
  EXPECT_EQ(answer.generation.tokens.size(), 12u);
  EXPECT_EQ(answer.end(), "length");
  EXPECT_EQ(answer.text, model_.tokenizer().Decode(answer.generation.tokens, true));
  EXPECT_EQ(pieces, answer.text);
}

TEST_F(SessionTest, AStopStringEndsTheAnswerBeforeIt) {
  const std::string whole = NewSession().Reply(prompt_, options_).text;
  ASSERT_GT(whole.size(), 4u);
  options_.stops = {whole.substr(2, 2)};
  const Answer answer = NewSession().Reply(prompt_, options_);
  EXPECT_EQ(answer.end(), "stop");
  EXPECT_EQ(answer.found_stop, options_.stops[0]);
  EXPECT_EQ(answer.text, whole.substr(0, whole.find(options_.stops[0])));
  EXPECT_LT(answer.generation.tokens.size(), 12u);
}

TEST_F(SessionTest, EitherCallbackEndsTheAnswer) {
  const Answer unread =
      NewSession().Reply(prompt_, options_, {.on_text = [](std::string_view) { return false; }});
  EXPECT_EQ(unread.end(), "stopped");
  EXPECT_LT(unread.generation.tokens.size(), 12u);
  const Answer unwanted =
      NewSession().Reply(prompt_, options_, {.should_stop = [] { return true; }});
  EXPECT_EQ(unwanted.end(), "stopped");
  EXPECT_TRUE(unwanted.generation.tokens.empty());
}

TEST_F(SessionTest, APromptThatWasTakenInIsNotComputedAgain) {
  Session session = NewSession();
  AnswerOptions no_tokens = options_;
  no_tokens.generate.max_tokens = 0;
  EXPECT_EQ(session.Reply(prompt_, no_tokens).generation.times.reused_tokens, 0u);
  Session copy = NewSession();
  copy.ForkFrom(session);
  const Answer answer = copy.Reply(prompt_, options_);
  EXPECT_EQ(answer.generation.times.reused_tokens, prompt_.size());
  EXPECT_EQ(answer.text, NewSession().Reply(prompt_, options_).text);
}

}  // namespace
}  // namespace hlwq::chat
