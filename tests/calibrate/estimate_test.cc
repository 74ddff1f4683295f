#include "calibrate/estimate.h"

#include <gtest/gtest.h>

#include "model/config.h"
#include "tests/support/shared_data.h"

namespace hlwq::calibrate {
namespace {

CalibrationWork WorkOfGolden(const CalibrationAmount& amount) {
  const auto model = checkpoint::OpenCheckpoint(test::Golden("good/models/llama-biases"));
  return WorkOf(model, model::ReadModelConfig(model.config).sizes, amount);
}

TEST(CalibrationWork, GrowsWithTokensAndWalks) {
  const CalibrationWork once = WorkOfGolden({.tokens = 100, .writes_text = true});
  EXPECT_GT(once.text, once.layers / 3);  // of three walks; it has a head beside the layers
  EXPECT_GT(once.hessians, 0);
  const CalibrationWork tokens = WorkOfGolden({.tokens = 300, .writes_text = true});
  EXPECT_DOUBLE_EQ(tokens.total(), 3 * once.total());
  const CalibrationWork walks = WorkOfGolden({.tokens = 100, .writes_text = true, .walks = 2});
  // The text is written once, and errors are propagated once, by two more walks.
  EXPECT_DOUBLE_EQ(walks.text, once.text);
  EXPECT_DOUBLE_EQ(walks.layers, once.layers * 4 / 3);
  EXPECT_LT(walks.hessians, 2 * once.hessians);
  EXPECT_EQ(WorkOfGolden({.tokens = 100}).text, 0);
}

}  // namespace
}  // namespace hlwq::calibrate
