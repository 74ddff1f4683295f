#include "tensor/dtype.h"

#include <gtest/gtest.h>

namespace hlwq {
namespace {

TEST(DType, EveryNameRoundTrips) {
  for (int value = 0; value <= static_cast<int>(DType::kU64); ++value) {
    const auto dtype = static_cast<DType>(value);
    EXPECT_EQ(DTypeFromName(DTypeName(dtype)), dtype);
    EXPECT_GT(BitsPerElement(dtype), 0u);
  }
  EXPECT_EQ(DTypeFromName("bf16"), std::nullopt);
}

}  // namespace
}  // namespace hlwq
