#include "study/diversity/fluency.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/expect_error.h"
#include "tests/support/shared_data.h"

namespace hlwq::study {
namespace {

// AutoModelForCausalLM(input_ids, labels=input_ids).loss of transformers 5.24 in float32.
TEST(Judge, ScoresAsTransformersDoes) {
  const auto model = test::SharedData("models/stories260k");
  HLWQ_REQUIRE_SHARED(model);
  Judge judge(model, 1);
  const JudgedSequence once = judge.Encode("Once upon a time, there was a little girl.", 0);
  const JudgedSequence odd = judge.Encode("The girl little a was there.", 0);
  const Fluency first = judge.Score(std::span(&once, 1)), second = judge.Score(std::span(&odd, 1));
  EXPECT_NEAR(first.nll, 0.5292275, 2e-4);
  EXPECT_NEAR(second.nll, 5.7403469, 2e-4);
  EXPECT_EQ(first.tokens, once.tokens.size() - 1);

  // Together: over all tokens, not over sequences.
  const std::vector<JudgedSequence> both = {once, odd};
  const Fluency together = judge.Score(both);
  const auto of_first = static_cast<double>(first.tokens),
             of_second = static_cast<double>(second.tokens);
  EXPECT_NEAR(together.nll,
              (first.nll * of_first + second.nll * of_second) / (of_first + of_second), 1e-9);
  EXPECT_GT(together.error, 0);
}

TEST(Judge, LeavesOutThePrompt) {
  const auto model = test::SharedData("models/stories260k");
  HLWQ_REQUIRE_SHARED(model);
  Judge judge(model, 1);
  const std::string text = "Once upon a time, there was a little girl.";
  const JudgedSequence whole = judge.Encode(text, 0);
  JudgedSequence rest = judge.Encode(text, 16);
  EXPECT_EQ(rest.tokens, whole.tokens);
  EXPECT_GT(rest.first_scored, 2);
  EXPECT_EQ(judge.Score(std::span(&rest, 1)).tokens, rest.tokens.size() - rest.first_scored);
  rest.first_scored = rest.tokens.size();
  EXPECT_EQ(judge.Score(std::span(&rest, 1)), Fluency());
}

TEST(Judge, RefusesTokensThatItHasNot) {
  const auto model = test::SharedData("models/stories260k");
  HLWQ_REQUIRE_SHARED(model);
  Judge judge(model, 1);
  const JudgedSequence beyond = {.tokens = {1, 512, 3}};
  test::ExpectError(ErrorCode::kInvalidArgument, "has no token 512",
                    [&] { judge.Score(std::span(&beyond, 1)); });
}

}  // namespace
}  // namespace hlwq::study
