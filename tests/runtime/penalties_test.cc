#include "runtime/penalties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "base/random.h"

namespace hlwq::runtime {
namespace {

using testing::ElementsAre;

TEST(Penalties, AreNoneByDefault) {
  EXPECT_FALSE(Penalties({}, 4).is_active());
  EXPECT_FALSE(Penalties({.window = 0, .repeat = 2}, 4).is_active());
}

TEST(Penalties, RepeatMovesLogitsDownWhateverTheirSign) {
  Penalties penalties({.repeat = 2}, 4);
  for (const TokenId token : {0, 1, 1}) penalties.Add(token);
  std::vector<float> logits = {3, -3, 5, 0};
  penalties.Apply(logits);
  EXPECT_THAT(logits, ElementsAre(1.5f, -6, 5, 0));
}

TEST(Penalties, PresenceCountsOnceAndFrequencyEachTime) {
  Penalties penalties({.presence = 0.5, .frequency = 0.25}, 3);
  for (const TokenId token : {2, 0, 2, 2}) penalties.Add(token);
  std::vector<float> logits = {1, 1, 1};
  penalties.Apply(logits);
  EXPECT_THAT(logits, ElementsAre(0.25f, 1, -0.25f));
}

TEST(Penalties, CountTheLastTokensAndForgetTheOthers) {
  for (const size_t window : {size_t{1}, size_t{5}, size_t{64}, PenaltyOptions::kWholeContext}) {
    Penalties penalties({.window = window, .frequency = 1}, 16);
    std::deque<TokenId> recent;
    for (uint64_t step = 0; step < 300; ++step) {
      const auto token = static_cast<TokenId>(MixBits(step) % 16);
      penalties.Add(token);
      recent.push_back(token);
      if (recent.size() > window) recent.pop_front();
      if (step % 3 != 0) continue;
      std::vector<float> logits(16), expected(16);
      for (const TokenId seen : recent) expected[static_cast<size_t>(seen)] -= 1;
      penalties.Apply(logits);
      ASSERT_EQ(logits, expected) << window << " " << step;
    }
  }
}

}  // namespace
}  // namespace hlwq::runtime
