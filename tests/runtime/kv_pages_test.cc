// Pages that sequences share, copy when they write, and give back.
#include "runtime/kv_pages.h"

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/engine.h"
#include "runtime/state_snapshots.h"
#include "tests/runtime/run_model.h"
#include "tests/support/shared_data.h"

namespace hlwq::runtime {
namespace {

constexpr size_t kPage = KvLayout::kPageTokens;

class Pages : public ::testing::TestWithParam<const char*> {
 protected:
  std::vector<TokenId> Tokens(size_t count, unsigned seed) const {
    return test::SomeTokens(count, engine_.config().sizes.vocab - 4, seed);
  }
  // Of the pools of this test, whose pages become NaN when they are given back.
  SequenceState MakeState(size_t capacity = 4 * kPage) {
    return SequenceState(engine_.config(), pools_, snapshots_, capacity);
  }
  // As a state of its own gives it.
  std::vector<float> Fresh(std::span<const TokenId> first, std::span<const TokenId> next) {
    SequenceState state = engine_.MakeState({.format = DType::kF32, .capacity = 4 * kPage});
    test::Continue(engine_, state, first);
    return test::Continue(engine_, state, next);
  }

  Engine engine_{test::Golden("good/models/" + std::string(GetParam())), {.threads = 1}};
  KvPools pools_{engine_.config(), DType::kF32, {.poisons_freed = true}};
  StateSnapshots snapshots_{engine_.config(), uint64_t{1} << 20};
};

TEST_P(Pages, AreTakenAsTokensComeAndGivenBackAsTheyGo) {
  SequenceState state = MakeState();
  EXPECT_EQ(pools_.floats().pages_in_use(), 0u);
  test::Continue(engine_, state, Tokens(kPage, 1));
  EXPECT_EQ(pools_.floats().pages_in_use(), 1u);
  test::Continue(engine_, state, Tokens(kPage + 1, 2));
  EXPECT_EQ(pools_.floats().pages_in_use(), 3u);
  if (!state.is_recurrent()) {
    state.Rewind(kPage + 5);
    EXPECT_EQ(pools_.floats().pages_in_use(), 2u);
  }
  state.Clear();
  EXPECT_EQ(pools_.floats().pages_in_use(), 0u);
  {
    SequenceState other = MakeState();
    test::Continue(engine_, other, Tokens(3, 3));
    EXPECT_EQ(pools_.floats().pages_in_use(), 1u);
  }
  EXPECT_EQ(pools_.floats().pages_in_use(), 0u);
}

TEST_P(Pages, OfAForkAreSharedUntilItWritesToThem) {
  SequenceState state = MakeState();
  test::Continue(engine_, state, Tokens(2 * kPage + 7, 1));
  {
    SequenceState fork = MakeState(), second = MakeState();
    fork.ForkFrom(state);
    second.ForkFrom(fork);
    EXPECT_EQ(pools_.floats().pages_in_use(), 3u);
    test::Continue(engine_, fork, Tokens(1, 2));  // its own third page
    EXPECT_EQ(pools_.floats().pages_in_use(), 4u);
    test::Continue(engine_, second, Tokens(kPage, 2));
    EXPECT_EQ(pools_.floats().pages_in_use(), 6u);
    test::Continue(engine_, state, Tokens(1, 3));  // nobody else has its third page any more
    EXPECT_EQ(pools_.floats().pages_in_use(), 6u);
  }
  EXPECT_EQ(pools_.floats().pages_in_use(), 3u);
}

TEST_P(Pages, OfForksHoldWhatCopiesWould) {
  // In the middle of a page, at its end, and before anything.
  for (const size_t length : {size_t{0}, size_t{21}, kPage, kPage + 1, 2 * kPage}) {
    const auto trunk = Tokens(length, 1), left = Tokens(20, 2), right = Tokens(kPage + 3, 3);
    SequenceState state = MakeState(), fork = MakeState();
    test::Continue(engine_, fork, Tokens(5, 4));  // is forgotten
    test::Continue(engine_, state, trunk);
    fork.ForkFrom(state);
    EXPECT_EQ(fork.length(), length);
    EXPECT_EQ(test::Continue(engine_, state, left), Fresh(trunk, left)) << length;
    EXPECT_EQ(test::Continue(engine_, fork, right), Fresh(trunk, right)) << length;
  }
}

TEST_P(Pages, ThatWereGivenBackAreNeverRead) {
  const auto trunk = Tokens(kPage + 30, 1), next = Tokens(40, 2);
  SequenceState state = MakeState();
  for (int times = 0; times < 3; ++times) {
    SequenceState fork = MakeState();
    state.Clear();
    test::Continue(engine_, state, trunk);
    fork.ForkFrom(state);
    if (times == 1) state.Clear();  // the fork goes on alone
    EXPECT_EQ(test::Continue(engine_, fork, next), Fresh(trunk, next));
    // Pages that the fork gives back come to others with NaN in them.
    fork.Clear();
    SequenceState other = MakeState();
    EXPECT_EQ(test::Continue(engine_, other, next), Fresh({}, next));
  }
}

TEST_P(Pages, WithoutRoomForThemAPassChangesNothing) {
  const uint64_t page_bytes = pools_.layout().page_bytes();
  Engine engine(test::Golden("good/models/" + std::string(GetParam())),
                {.threads = 1, .kv_bytes = 3 * page_bytes});
  SequenceState first = engine.MakeState({.format = DType::kF32, .capacity = 4 * kPage});
  SequenceState second = engine.MakeState({.format = DType::kF32, .capacity = 4 * kPage});
  const auto tokens = Tokens(2 * kPage + 1, 1), next = Tokens(5, 2);
  test::Continue(engine, first, std::span(tokens).first(2 * kPage));
  const auto ignore = [](size_t, size_t, std::span<const float>) {};
  try {
    engine.Step(std::array{Work{&first, next}, Work{&second, next}}, ignore);
    ADD_FAILURE() << "two pages of one that is left";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
  }
  EXPECT_EQ(first.length(), 2 * kPage);
  EXPECT_EQ(second.length(), 0u);
  EXPECT_EQ(test::Continue(engine, first, next), Fresh(std::span(tokens).first(2 * kPage), next));
  EXPECT_THROW(test::Continue(engine, second, next), Error);
  first.Clear();
  EXPECT_EQ(test::Continue(engine, second, next), Fresh({}, next));
}

INSTANTIATE_TEST_SUITE_P(Models, Pages,
                         ::testing::Values("qwen3-odd", "mistral-window", "qwen3_5", "qwen3_next"),
                         test::ModelTestName);

TEST(KvPagePool, TakesTheAddressSpaceThatItWasPreparedFor) {
  uint64_t bytes = 0;
  KvPagePool pool(4096, {}, bytes);
  pool.Prepare(3);
  std::vector<PageId> pages;
  for (int i = 0; i < 3; ++i) pages.push_back(pool.Take());
  pool.Drop(pages[1]);
  EXPECT_EQ(pool.Take(), pages[1]);
  EXPECT_EQ(pool.pages_in_use(), 3u);
  EXPECT_EQ(bytes, 3u * 4096);
}

TEST(KvLayout, RefusesTypesThatAreNoFloats) {
  const Engine engine(test::Golden("good/models/qwen3-odd"), {.threads = 1});
  EXPECT_THROW(KvLayout(engine.config(), DType::kI8), Error);
}

}  // namespace
}  // namespace hlwq::runtime
