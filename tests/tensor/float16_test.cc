#include "tensor/float16.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace hlwq {
namespace {

TEST(Float16, EveryHalfRoundTrips) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = F16ToF32(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(F16ToF32(F32ToF16(value))));
    } else {
      EXPECT_EQ(F32ToF16(value), half);
    }
    const float wide = BF16ToF32(half);
    if (!std::isnan(wide)) {
      EXPECT_EQ(F32ToBF16(wide), half);
    }
  }
}

// The judge is the compiler's _Float16, which GCC converts to nearest even.
TEST(Float16, RoundsToNearestEvenBetweenNeighbours) {
  for (uint32_t bits = 0; bits < 0x7C00; ++bits) {
    const float low = F16ToF32(static_cast<uint16_t>(bits));
    const float high = bits == 0x7BFF ? 65536.0f : F16ToF32(static_cast<uint16_t>(bits + 1));
    const float middle = low + (high - low) / 2;  // exact in float32
    const auto even = static_cast<uint16_t>(bits + (bits & 1));
    EXPECT_EQ(F32ToF16(middle), even);
    EXPECT_EQ(F32ToF16(std::nextafter(middle, 0.0f)), bits);
    EXPECT_EQ(F32ToF16(std::nextafter(middle, 1e9f)), bits + 1);
    EXPECT_EQ(F32ToF16(-middle), even | 0x8000);
  }
}

TEST(BF16, RoundsToNearestEvenAndKeepsNan) {
  EXPECT_EQ(F32ToBF16(1.00390625f), 0x3F80);  // a tie, to even
  EXPECT_EQ(F32ToBF16(1.01171875f), 0x3F82);  // a tie, to even
  EXPECT_EQ(F32ToBF16(std::numeric_limits<float>::max()), 0x7F80);
  EXPECT_TRUE(std::isnan(BF16ToF32(F32ToBF16(std::bit_cast<float>(0x7F800001u)))));
}

}  // namespace
}  // namespace hlwq
