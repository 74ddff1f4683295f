#include "runtime/prompt_cut.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace hlwq::runtime {
namespace {

constexpr size_t kAny = std::numeric_limits<size_t>::max();

// Whether each token of a prompt is read in a short piece, from `held` on, as Sequence and Engine::Feed cut it.
std::vector<bool> ShortOnes(size_t tokens, size_t held, size_t piece) {
  std::vector<bool> is_short;
  for (size_t begin = held; begin < tokens;) {
    const size_t count = std::min(piece, tokens - begin);
    is_short.insert(is_short.end(), count, count <= model::kShortSegment);
    begin += count;
  }
  return is_short;
}

TEST(PromptCut, TheRestIsCutIntoPiecesOfTheSameKind) {
  for (const size_t piece : std::vector<size_t>{17, 32, 48, 100, 512}) {
    const PromptPieces pieces = {.most_tokens = piece, .most_plain_tokens = kAny};
    for (size_t tokens = 1; tokens < 200; ++tokens) {
      const std::vector<bool> whole = ShortOnes(tokens, 0, piece);
      EXPECT_EQ(ShortTail(tokens, pieces), static_cast<size_t>(std::ranges::count(whole, true)));
      for (size_t most = 0; most <= tokens; ++most) {
        const size_t cut = ExactCut(most, tokens, pieces);
        ASSERT_LE(cut, most);
        ASSERT_LT(cut, tokens);
        const std::vector<bool> rest = ShortOnes(tokens, cut, piece);
        ASSERT_TRUE(
            std::equal(rest.begin(), rest.end(), whole.begin() + static_cast<ptrdiff_t>(cut)))
            << piece << " " << tokens << " " << most << " " << cut;
        // What is held was read in long pieces.
        ASSERT_EQ(std::count(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(cut), true), 0);
      }
    }
  }
}

TEST(PromptCut, LosesLittleWhereTheLastPieceIsLong) {
  const PromptPieces pieces = {.most_tokens = 512, .most_plain_tokens = kAny};
  EXPECT_EQ(ExactCut(300, 400, pieces), 300u);
  EXPECT_EQ(ExactCut(399, 400, pieces), 383u);
  EXPECT_EQ(ExactCut(1000, 1001, pieces), 984u);
  EXPECT_EQ(ExactCut(1027, 1028, pieces), 1024u);  // 4 tokens are read as a short piece
  EXPECT_EQ(ExactCut(1000, 1028, pieces), 512u);
}

TEST(PromptCut, RecurrentStatesGoOnFromMultiplesBeforeTheLastMoment) {
  const PromptPieces pieces = {.most_tokens = 64, .is_recurrent = true, .most_plain_tokens = kAny};
  EXPECT_EQ(ExactCut(16, 16, pieces), 0u);
  EXPECT_EQ(ExactCut(200, 200, pieces), 160u);
  EXPECT_EQ(ExactCut(100, 200, pieces), 96u);
  EXPECT_EQ(ExactCut(200, 209, pieces), 192u);
  const PromptPieces odd = {.most_tokens = 50, .is_recurrent = true, .most_plain_tokens = kAny};
  EXPECT_EQ(ExactCut(100, 200, odd), 0u);
}

TEST(PromptCut, WhereLengthsOfPiecesAreSeenPiecesAreTheSame) {
  const PromptPieces pieces = {.most_tokens = 64, .most_plain_tokens = 128};
  EXPECT_EQ(ExactCut(100, 128, pieces), 100u);
  EXPECT_EQ(ExactCut(100, 160, pieces), 64u);
}

}  // namespace
}  // namespace hlwq::runtime
