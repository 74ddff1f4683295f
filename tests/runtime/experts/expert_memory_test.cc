#include "runtime/experts/expert_memory.h"

#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/shared_data.h"

namespace hlwq::runtime {
namespace {

constexpr ExpertMemory kNeed = {
    .experts_bytes = 20'000, .experts = 100, .slot_bytes = 200, .other_bytes = 3'000};

TEST(ExpertMemory, WhatFitsIsKeptWhole) {
  const MemoryLimit memory = {.limit_bytes = 50'000, .available_bytes = 40'000};
  EXPECT_EQ(FitExperts(kNeed, memory).bytes, kNeed.experts * kNeed.slot_bytes);
}

TEST(ExpertMemory, APoolTakesWhatTheRestLeaves) {
  const MemoryLimit memory = {.limit_bytes = 50'000, .available_bytes = 10'000};
  EXPECT_EQ(FitExperts(kNeed, memory).bytes, 7'000u);
}

TEST(ExpertMemory, WhenMemoryIsShortForNowOneExpertIsKept) {
  const MemoryLimit memory = {.limit_bytes = 50'000, .available_bytes = 1'000};
  EXPECT_EQ(FitExperts(kNeed, memory).bytes, 200u);
}

TEST(ExpertMemory, ALimitBelowTheLeastIsRefusedNamingIt) {
  try {
    FitExperts(kNeed, {.limit_bytes = 3'199, .available_bytes = 3'199});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("3.20 kB"), std::string::npos) << error.what();
  }
  const MemoryLimit least = {.limit_bytes = 3'200, .available_bytes = 3'200};
  EXPECT_EQ(FitExperts(kNeed, least).bytes, 200u);
}

TEST(ExpertMemory, OfAModelItCountsEveryExpertOnce) {
  const model::Model model(checkpoint::OpenCheckpoint(test::Golden("good/models/qwen3_5_moe")));
  const auto memory = ExpertMemoryOf(model, 32);
  ASSERT_TRUE(memory);
  const checkpoint::TextConfig& sizes = model.config().sizes;
  EXPECT_EQ(memory->experts, sizes.experts * sizes.layers.size());
  const uint64_t weights = 3 * sizes.hidden * sizes.expert_intermediate;
  const uint64_t weight_bytes = memory->experts_bytes / (memory->experts * weights);
  EXPECT_EQ(memory->experts_bytes, memory->experts * weights * weight_bytes);
  EXPECT_GE(memory->slot_bytes, weights * weight_bytes);
  EXPECT_GT(memory->other_bytes, model.dense_bytes());
}

TEST(ExpertMemory, ModelsWithoutExpertsHaveNone) {
  const model::Model model(checkpoint::OpenCheckpoint(test::Golden("good/models/qwen3_5")));
  EXPECT_FALSE(ExpertMemoryOf(model, 32));
}

}  // namespace
}  // namespace hlwq::runtime
