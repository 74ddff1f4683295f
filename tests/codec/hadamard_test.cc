#include "codec/hadamard.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <random>

namespace hlwq::codec {
namespace {

TEST(Fwht128, IsTheSylvesterMatrix) {
  // H[i][j] = (-1)^popcount(i & j): exact on unit vectors.
  for (size_t column = 0; column < kBlockSize; ++column) {
    std::array<float, kBlockSize> block{};
    block[column] = 1;
    Fwht128(block);
    for (size_t row = 0; row < kBlockSize; ++row) {
      ASSERT_EQ(block[row], std::popcount(row & column) % 2 == 0 ? 1.0f : -1.0f);
    }
  }
}

TEST(Fwht128, TwiceIs128TimesIdentity) {
  std::mt19937 random(1);
  std::array<float, kBlockSize> block, once;
  // Small integers: every intermediate is exact.
  for (float& value : block) value = static_cast<float>(static_cast<int>(random() % 2001) - 1000);
  once = block;
  Fwht128(once);
  Fwht128(once);
  for (size_t i = 0; i < kBlockSize; ++i) EXPECT_EQ(once[i], 128 * block[i]);
}

TEST(SumBlock, EqualsTheSumWhereItIsExact) {
  std::array<float, kBlockSize> terms;
  for (size_t i = 0; i < kBlockSize; ++i) terms[i] = static_cast<float>(i * i);
  EXPECT_EQ(SumBlock(terms), 690880.0f);
}

TEST(SumBlock, FollowsTheNormativeOrder) {
  // 2^24 absorbs a lone 1, but not the 2 that lane 8 first gathers from groups 0 and 2.
  std::array<float, kBlockSize> terms{};
  terms[0] = 0x1p24f;
  terms[8] = 1;
  terms[40] = 1;
  EXPECT_EQ(SumBlock(terms), 0x1p24f + 2);
  // In one lane and one chain the ones come one by one and are lost.
  terms = {};
  terms[0] = 0x1p24f;
  terms[32] = 1;
  terms[64] = 1;
  EXPECT_EQ(SumBlock(terms), 0x1p24f);
}

}  // namespace
}  // namespace hlwq::codec
