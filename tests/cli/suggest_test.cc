#include "cli/suggest.h"

#include <gtest/gtest.h>

#include <vector>

namespace hlwq::cli {
namespace {

TEST(EditDistance, CountsTheFourEdits) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("bits", "bits"), 0u);
  EXPECT_EQ(EditDistance("bts", "bits"), 1u);
  EXPECT_EQ(EditDistance("bitss", "bits"), 1u);
  EXPECT_EQ(EditDistance("bats", "bits"), 1u);
  EXPECT_EQ(EditDistance("btis", "bits"), 1u);
  EXPECT_EQ(EditDistance("", "bits"), 4u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(EditDistance, IsSymmetric) {
  EXPECT_EQ(EditDistance("quantize", "dequantise"), EditDistance("dequantise", "quantize"));
}

TEST(NearestWord, IsNearOrNothing) {
  const std::vector<std::string_view> words = {"quantize", "dequantize", "plan"};
  EXPECT_EQ(NearestWord("qauntize", words), "quantize");
  EXPECT_EQ(NearestWord("dequantise", words), "dequantize");
  EXPECT_EQ(NearestWord("quant", words), "quantize");
  EXPECT_EQ(NearestWord("p", words), "");
  EXPECT_EQ(NearestWord("serve", words), "");
  EXPECT_EQ(NearestWord("", words), "");
  EXPECT_EQ(NearestWord(std::string(1000, 'q'), words), "");
}

}  // namespace
}  // namespace hlwq::cli
