#include "chat/expert_plan.h"

#include <gtest/gtest.h>

#include "runtime/experts/expert_memory.h"
#include "tests/chat/made_checkpoint.h"

namespace hlwq::chat {
namespace {

class ExpertPlan : public testing::Test {
 protected:
  const runtime::Engine engine_{test::Golden("good/models/qwen3_5_moe"), {.threads = 1}};
  const runtime::ExpertMemory need_ =
      runtime::ExpertMemoryOf(engine_.model(), engine_.chunk_tokens()).value();

  static MemoryLimit Memory(uint64_t bytes) {
    return {.limit_bytes = bytes, .available_bytes = bytes};
  }
  uint64_t PlannedBytes(uint64_t memory) const {
    return std::get<runtime::PoolBytes>(PlanExpertCache(engine_, {}, Memory(memory))->size).bytes;
  }
};

TEST_F(ExpertPlan, WithoutASizeItIsWhatTheRestOfARunLeaves) {
  const uint64_t all = need_.experts * need_.slot_bytes;
  EXPECT_EQ(PlannedBytes(need_.other_bytes + 2 * all), all);
  EXPECT_EQ(PlannedBytes(need_.other_bytes + all / 2), all / 2);
}

TEST_F(ExpertPlan, ASizeThatIsGivenIsTaken) {
  const ExpertOptions options = {.size = runtime::SlotsPerLayer{2},
                                 .policy = runtime::EvictionPolicy::kLru,
                                 .has_prefetch = false};
  const auto plan = PlanExpertCache(engine_, options, Memory(need_.other_bytes * 2));
  ASSERT_TRUE(plan);
  EXPECT_EQ(std::get<runtime::SlotsPerLayer>(plan->size).slots, 2u);
  EXPECT_EQ(plan->policy, runtime::EvictionPolicy::kLru);
  EXPECT_FALSE(plan->has_prefetch);
}

TEST_F(ExpertPlan, ALimitThatNothingWorksUnderIsRefusedWhateverTheSize) {
  const MemoryLimit least = Memory(need_.other_bytes);
  test::ExpectError(ErrorCode::kInvalidArgument, "the limit is",
                    [&] { PlanExpertCache(engine_, {.size = runtime::SlotsPerLayer{1}}, least); });
}

TEST(PlanExpertCache, AModelWithoutExpertsGetsNone) {
  const runtime::Engine engine(test::Golden("good/models/qwen3_5"), {.threads = 1});
  const ExpertOptions options = {.size = runtime::SlotsPerLayer{2}};
  EXPECT_FALSE(PlanExpertCache(engine, options, {.limit_bytes = 1, .available_bytes = 1}));
}

}  // namespace
}  // namespace hlwq::chat
