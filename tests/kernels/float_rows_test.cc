#include "kernels/float_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "codec/float_rows.h"
#include "tests/kernels/each_target.h"

namespace hlwq::kernels {
namespace {

std::vector<uint32_t> Bits(const std::vector<float>& values) {
  std::vector<uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<uint32_t>(value));
  return bits;
}

TEST(FloatRows, EveryHalfWidensAsTheReference) {
  std::vector<uint16_t> all(65536);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
  const auto bytes = std::as_bytes(std::span(all));
  for (const DType dtype : {DType::kF16, DType::kBF16}) {
    std::vector<float> want(all.size());
    codec::ToFloatReference(dtype, bytes, want);
    test::ForEachTarget([&](const char*) {
      std::vector<float> got(all.size());
      ToFloat(dtype, bytes, got);
      EXPECT_EQ(Bits(got), Bits(want));
    });
  }
}

TEST(FloatRows, NarrowingRoundsAsTheReference) {
  // Random bit patterns, and the neighbours of every half and of every tie between two halves.
  std::mt19937 random(1);
  std::vector<float> values;
  for (int i = 0; i < 100000; ++i)
    values.push_back(std::bit_cast<float>(static_cast<uint32_t>(random())));
  for (uint32_t half = 0; half < 65536; ++half) {
    for (const uint32_t low :
         {0u, 1u, 0x0FFFu, 0x1000u, 0x1001u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu}) {
      values.push_back(std::bit_cast<float>((half << 16) | low));
    }
  }
  for (int exponent = -150; exponent < -10; ++exponent) {
    values.push_back(std::ldexp(1.5f, exponent));
    values.push_back(-std::ldexp(1.0f, exponent));
  }
  for (const DType dtype : {DType::kF16, DType::kBF16, DType::kF32}) {
    std::vector<std::byte> want(values.size() * BitsPerElement(dtype) / 8);
    codec::FromFloatReference(values, dtype, want);
    test::ForEachTarget([&](const char*) {
      std::vector<std::byte> got(want.size());
      FromFloat(values, dtype, got);
      EXPECT_TRUE(got == want);
    });
  }
}

TEST(FloatRows, OddSizesTouchNothingElse) {
  for (size_t count = 0; count < 70; ++count) {
    std::vector<float> values(count, 1.25f);
    test::ForEachTarget([&](const char*) {
      for (const DType dtype : {DType::kF16, DType::kBF16}) {
        std::vector<std::byte> narrow(2 * count + 2, std::byte{0x5A});
        FromFloat(values, dtype, std::span(narrow).first(2 * count));
        EXPECT_EQ(narrow[2 * count], std::byte{0x5A});
        std::vector<float> wide(count + 1, -7);
        ToFloat(dtype, std::span(narrow).first(2 * count), std::span(wide).first(count));
        EXPECT_EQ(wide[count], -7);
        wide.resize(count);
        EXPECT_EQ(wide, values);
      }
    });
  }
}

TEST(AllFinite, FindsTheOneThatIsNot) {
  std::vector<float> values(100, std::numeric_limits<float>::max());
  test::ForEachTarget([&](const char*) {
    EXPECT_TRUE(AllFinite(values));
    EXPECT_TRUE(AllFinite({}));
    for (size_t at = 0; at < values.size(); ++at) {
      const float kept = values[at];
      for (const float bad : {std::nanf(""), INFINITY, -INFINITY}) {
        values[at] = bad;
        EXPECT_FALSE(AllFinite(values)) << at;
      }
      values[at] = kept;
    }
  });
}

}  // namespace
}  // namespace hlwq::kernels
