#include "tensor/shape.h"

#include <gtest/gtest.h>

namespace hlwq {
namespace {

TEST(Shape, OverflowIsAnAnswer) {
  EXPECT_EQ(ElementCount({}), 1u);
  EXPECT_EQ(ElementCount({3, 4}), 12u);
  EXPECT_EQ(ElementCount({uint64_t{1} << 63, 2}), std::nullopt);
  EXPECT_EQ(ElementCount({uint64_t{1} << 63, 2, 0}), 0u);
  EXPECT_EQ(TensorBytes(DType::kF32, {uint64_t{1} << 60}), std::nullopt);
  EXPECT_EQ(TensorBytes(DType::kBF16, {3, 5}), 30u);
}

TEST(Shape, SubByteElementsMustFillWholeBytes) {
  EXPECT_EQ(TensorBytes(DType::kF4, {3}), std::nullopt);
  EXPECT_EQ(TensorBytes(DType::kF4, {4}), 2u);
  EXPECT_EQ(TensorBytes(DType::kF6E2M3, {4}), 3u);
}

}  // namespace
}  // namespace hlwq
