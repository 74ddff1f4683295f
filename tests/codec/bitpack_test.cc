#include "codec/bitpack.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <tuple>
#include <vector>

namespace hlwq::codec {
namespace {

using Codes = std::array<uint8_t, kBlockSize>;

std::vector<int> Pack(BitOrder order, int bits, const Codes& codes) {
  std::vector<std::byte> packed(PackedBlockBytes(order, bits));
  PackBlock(order, bits, codes, packed);
  std::vector<int> bytes;
  for (const std::byte byte : packed) bytes.push_back(std::to_integer<int>(byte));
  return bytes;
}

TEST(Bitpack, FiveBitCheckValues) {
  Codes codes{};
  for (uint8_t i = 0; i < 8; ++i) codes[i] = i + 1;
  std::vector<int> msb = Pack(BitOrder::kMsb, 5, codes);
  msb.resize(6);
  EXPECT_EQ(msb, (std::vector<int>{0x08, 0x86, 0x42, 0x98, 0xE8, 0x00}));
  std::vector<int> lsb = Pack(BitOrder::kLsb, 5, codes);
  lsb.resize(6);
  EXPECT_EQ(lsb, (std::vector<int>{0x41, 0x0C, 0x52, 0xCC, 0x41, 0x00}));
}

TEST(Bitpack, HalfNibblesPairCodesOf64Apart) {
  Codes codes{};
  codes[3] = 0xA;
  codes[67] = 0x5;
  EXPECT_EQ(Pack(BitOrder::kHalfNibble, 4, codes)[3], 0x5A);
}

TEST(Bitpack, OneBitIsBigEndianWithinBytes) {
  Codes codes{};
  codes[0] = 1;
  codes[15] = 1;
  const auto bytes = Pack(BitOrder::kMsb, 1, codes);
  ASSERT_EQ(bytes.size(), 16u);
  EXPECT_EQ(bytes[0], 0x80);
  EXPECT_EQ(bytes[1], 0x01);
}

class EveryLayout : public testing::TestWithParam<std::tuple<BitOrder, int>> {};
INSTANTIATE_TEST_SUITE_P(Orders, EveryLayout,
                         testing::Combine(testing::Values(BitOrder::kMsb, BitOrder::kLsb,
                                                          BitOrder::kHalfNibble, BitOrder::kPlain),
                                          testing::Range(1, 9)));

TEST_P(EveryLayout, UnpackInvertsPack) {
  const auto [order, bits] = GetParam();
  if (!BitOrderHolds(order, bits)) return;
  std::mt19937 random(static_cast<unsigned>(bits));
  for (int round = 0; round < 20; ++round) {
    Codes codes, back;
    for (uint8_t& code : codes) code = static_cast<uint8_t>(random() % (1u << bits));
    std::vector<std::byte> packed(PackedBlockBytes(order, bits));
    PackBlock(order, bits, codes, packed);
    UnpackBlock(order, bits, packed, back);
    ASSERT_EQ(codes, back);
  }
}

TEST_P(EveryLayout, AnyBytesGiveCodesInRange) {
  const auto [order, bits] = GetParam();
  if (!BitOrderHolds(order, bits)) return;
  const std::vector<std::byte> packed(PackedBlockBytes(order, bits), std::byte{0xFF});
  Codes codes;
  UnpackBlock(order, bits, packed, codes);
  for (const uint8_t code : codes) ASSERT_EQ(code, (1u << bits) - 1);
}

TEST(BitOrder, NamesAreTheirOwnInverse) {
  for (const auto order :
       {BitOrder::kMsb, BitOrder::kLsb, BitOrder::kHalfNibble, BitOrder::kPlain}) {
    EXPECT_EQ(BitOrderFromName(BitOrderName(order)), order);
  }
  EXPECT_FALSE(BitOrderFromName("MSB").has_value());
}

}  // namespace
}  // namespace hlwq::codec
