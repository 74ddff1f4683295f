#include "runtime/sequence_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "runtime/engine.h"
#include "tests/runtime/run_model.h"
#include "tests/support/shared_data.h"

namespace hlwq::runtime {
namespace {

using test::Continue;

constexpr size_t kRoom = 96;

// Without states, with them, and with experts besides.
class SequenceStates : public ::testing::TestWithParam<const char*> {
 protected:
  SequenceState MakeState() { return test::FullPrecisionState(engine_, kRoom); }
  std::vector<TokenId> Tokens(size_t count, unsigned seed) const {
    return test::SomeTokens(count, engine_.config().sizes.vocab, seed);
  }
  // What going on with `next` gives in a state that was fed `first` and nothing else.
  std::vector<float> Fresh(std::span<const TokenId> first, std::span<const TokenId> next) {
    SequenceState state = MakeState();
    Continue(engine_, state, first);
    return Continue(engine_, state, next);
  }

  Engine engine_{test::Golden("good/models/" + std::string(GetParam())),
                 {.threads = 1, .snapshot_bytes = 1 << 20}};
};

TEST_P(SequenceStates, BothBranchesOfAForkGoOnAsIfAlone) {
  const auto trunk = Tokens(21, 1), left = Tokens(9, 2), right = Tokens(13, 3);
  SequenceState state = MakeState(), fork = MakeState();
  Continue(engine_, fork, Tokens(5, 4));  // is forgotten
  Continue(engine_, state, trunk);
  fork.ForkFrom(state);
  EXPECT_EQ(fork.length(), trunk.size());
  const auto first_left = Continue(engine_, state, std::span(left).first(4));
  EXPECT_EQ(Continue(engine_, fork, right), Fresh(trunk, right));
  EXPECT_EQ(first_left, Fresh(trunk, std::span(left).first(4)));
  // The branches are apart for good.
  SequenceState alone = MakeState();
  Continue(engine_, alone, trunk);
  Continue(engine_, alone, std::span(left).first(4));
  EXPECT_EQ(Continue(engine_, state, std::span(left).subspan(4)),
            Continue(engine_, alone, std::span(left).subspan(4)));
}

TEST_P(SequenceStates, ClearStartsAnew) {
  const auto tokens = Tokens(30, 1);
  SequenceState state = MakeState();
  Continue(engine_, state, Tokens(17, 2));
  state.Remember();
  state.Clear();
  EXPECT_EQ(state.length(), 0u);
  EXPECT_EQ(state.Rewind(10), 0u);
  EXPECT_EQ(Continue(engine_, state, tokens), Fresh({}, tokens));
}

TEST_P(SequenceStates, RewindGoesBackToTheMomentNotedOrTheStart) {
  const auto tokens = Tokens(20, 1), next = Tokens(11, 2);
  const std::span first = std::span(tokens).first(12);
  SequenceState state = MakeState();
  Continue(engine_, state, first);
  state.Remember();
  Continue(engine_, state, std::span(tokens).subspan(12));
  EXPECT_EQ(state.Rewind(50), tokens.size());  // nothing to take back
  EXPECT_EQ(state.Rewind(20), tokens.size());
  for (int times = 0; times < 2; ++times) {  // the moment stays noted
    EXPECT_EQ(state.Rewind(15), state.is_recurrent() ? 12u : 15u);
    EXPECT_EQ(state.Rewind(12), 12u);
    EXPECT_EQ(Continue(engine_, state, next), Fresh(first, next));
  }
  EXPECT_EQ(state.Rewind(11), state.is_recurrent() ? 0u : 11u);
  const std::span kept = std::span(tokens).first(state.length());
  EXPECT_LT(test::RelativeDifference(Continue(engine_, state, next), Fresh(kept, next)), 2e-4);
}

TEST_P(SequenceStates, RewindGoesBackToTheLatestOfSeveralMoments) {
  const auto tokens = Tokens(20, 1), next = Tokens(6, 2);
  const std::span all = std::span(tokens);
  SequenceState state = MakeState();
  for (const size_t begin : {0, 4, 8, 12}) {
    Continue(engine_, state, all.subspan(begin, 4));
    state.Remember();
  }
  Continue(engine_, state, all.subspan(16));
  EXPECT_EQ(state.Rewind(15), state.is_recurrent() ? 12u : 15u);
  EXPECT_EQ(state.Rewind(8), 8u);
  EXPECT_EQ(Continue(engine_, state, next), Fresh(all.first(8), next));
  // Those after it are forgotten: other tokens are there now.
  EXPECT_EQ(state.Rewind(13), state.is_recurrent() ? 8u : 13u);
  EXPECT_EQ(state.Rewind(7), state.is_recurrent() ? 4u : 7u);
}

TEST_P(SequenceStates, WithoutRoomForAMomentRewindGoesBackFurther) {
  Engine small(test::Golden("good/models/" + std::string(GetParam())), {.threads = 1});
  const auto tokens = Tokens(20, 1);
  SequenceState state = test::FullPrecisionState(small, kRoom);
  for (const size_t begin : {0, 8}) {
    Continue(small, state, std::span(tokens).subspan(begin, 8));
    state.Remember();
  }
  // Room for one: the earlier one was given up.
  EXPECT_EQ(state.Rewind(12), state.is_recurrent() ? 0u : 12u);
}

TEST_P(SequenceStates, AForkTakesTheMomentAlong) {
  const auto tokens = Tokens(20, 1), next = Tokens(6, 2);
  const std::span first = std::span(tokens).first(8);
  SequenceState state = MakeState(), fork = MakeState();
  Continue(engine_, state, first);
  state.Remember();
  Continue(engine_, state, std::span(tokens).subspan(8));
  fork.ForkFrom(state);
  state.Clear();
  EXPECT_EQ(fork.Rewind(8), 8u);
  EXPECT_EQ(Continue(engine_, fork, next), Fresh(first, next));
  // A fork of one without a moment has none.
  fork.Remember();
  fork.ForkFrom(state);
  Continue(engine_, fork, tokens);
  EXPECT_EQ(fork.Rewind(19), fork.is_recurrent() ? 0u : 19u);
}

INSTANTIATE_TEST_SUITE_P(Models, SequenceStates,
                         ::testing::Values("qwen3-odd", "qwen3_5", "qwen3_next"),
                         test::ModelTestName);

}  // namespace
}  // namespace hlwq::runtime
