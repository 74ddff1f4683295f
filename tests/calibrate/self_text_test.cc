#include "calibrate/self_text.h"

#include <gtest/gtest.h>

#include <set>

#include "calibrate/starts.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::calibrate {
namespace {

TokenSequences Write(const std::filesystem::path& folder, const SelfTextOptions& options,
                     int threads = 2) {
  runtime::Engine engine(folder, {.threads = threads});
  return WriteSelfText(engine, options);
}

TEST(SelfText, HasTheLengthThatWasAskedForInWholeSequences) {
  const auto text =
      Write(test::Golden("good/models/qwen3_5"), {.tokens = 250, .sequence_tokens = 24});
  ASSERT_EQ(text.size(), 11u);
  std::set<std::vector<runtime::TokenId>> distinct(text.begin(), text.end());
  EXPECT_EQ(distinct.size(), text.size());
  for (const auto& sequence : text) EXPECT_EQ(sequence.size(), 24u);
}

TEST(SelfText, DependsOnTheSeedAndNotOnThreads) {
  const auto folder = test::Golden("good/models/llama-biases");
  const SelfTextOptions options = {.tokens = 200, .sequence_tokens = 20, .seed = 3};
  SelfTextOptions other = options;
  other.seed = 4;
  const auto text = Write(folder, options, 1);
  EXPECT_EQ(text, Write(folder, options, 3));
  EXPECT_NE(text, Write(folder, other, 1));
}

TEST(SelfText, BeginsAsItIsTold) {
  const auto text = Write(test::Golden("good/models/llama-biases"),
                          {.tokens = 4 * 20,
                           .sequence_tokens = 20,
                           .starts = {{5, 6, 7}, {}, std::vector<runtime::TokenId>(40, 9)}});
  ASSERT_EQ(text.size(), 4u);
  EXPECT_EQ(std::vector(text[0].begin(), text[0].begin() + 3),
            (std::vector<runtime::TokenId>{5, 6, 7}));
  EXPECT_EQ(std::vector(text[2].begin(), text[2].begin() + 19),
            std::vector<runtime::TokenId>(19, 9));
  EXPECT_EQ(std::vector(text[3].begin(), text[3].begin() + 3),
            (std::vector<runtime::TokenId>{5, 6, 7}));
}

TEST(Starts, WithoutATokenizerAreRandomTokens) {
  test::TempDir dir;
  test::WriteSmallLlama(dir.path());
  const chat::TextModel model(dir.path());
  EXPECT_TRUE(StartsFor(model).empty());
}

}  // namespace
}  // namespace hlwq::calibrate
