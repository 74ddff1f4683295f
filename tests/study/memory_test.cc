#include "study/training/memory.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace hlwq::study {
namespace {

TEST(StepMemory, TheBatchThatWouldFitIsNamed) {
  const StepMemory memory = {.fixed_bytes = 1000, .window_bytes = 100};
  CheckFits(memory, 32, 1, 4200);
  test::ExpectError(ErrorCode::kInvalidArgument,
                    "8 at a time would fit: want training.accumulation 4",
                    [&] { CheckFits(memory, 32, 1, 2500); });
  CheckFits(memory, 32, 4, 2500);
  test::ExpectError(ErrorCode::kInvalidArgument, "not even one window fits",
                    [&] { CheckFits(memory, 32, 1, 1050); });
}

TEST(StepMemory, GrowsWithWhatTheBackwardPassKeeps) {
  NetOptions options = {.model = {.layers = 2, .heads = 2, .width = 16, .hidden = 24, .window = 8},
                        .vocabulary = 10};
  const StepMemory small = EstimateStep(options, 1000, false);
  EXPECT_EQ(small.fixed_bytes, 16000u);
  EXPECT_EQ(EstimateStep(options, 1000, true).fixed_bytes, 20000u);
  options.model.layers = 4;
  EXPECT_GT(EstimateStep(options, 1000, false).window_bytes, small.window_bytes * 3 / 2);
}

}  // namespace
}  // namespace hlwq::study
