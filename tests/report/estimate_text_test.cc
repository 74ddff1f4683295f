#include "report/estimate_text.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hlwq::report {
namespace {

void ExpectText(const Estimate& estimate, const char* value, const char* token_error,
                const char* block_error) {
  const EstimateText text = FormatEstimate(estimate);
  EXPECT_EQ(text.value, value);
  EXPECT_EQ(text.token_error, token_error);
  EXPECT_EQ(text.block_error, block_error);
}

TEST(EstimateText, HasTheDigitsThatItsErrorLeaves) {
  ExpectText({17.4213, 0.3123, 0.4}, "17.42", "0.31", "0.40");
  ExpectText({0.070123, 0.00083, 0.0011}, "0.07012", "0.00083", "0.00110");
  ExpectText({1234.5, 123, 99}, "1234", "123", "99");
  ExpectText({-0.002, 0.0005, 0.0005}, "−0.00200", "0.00050", "0.00050");
}

TEST(EstimateText, SaysWhereThereIsNoError) {
  ExpectText({3.14159265, std::nan(""), std::nan("")}, "3.1416", "–", "–");
  ExpectText({0, 0, 0}, "0", "0", "0");
  ExpectText({std::nan(""), std::nan(""), std::nan("")}, "–", "–", "–");
  ExpectText({17.4213, 0.3123, std::nan("")}, "17.42", "0.31", "–");
}

}  // namespace
}  // namespace hlwq::report
