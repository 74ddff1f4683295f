#include "codec/int_words.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>
#include <vector>

namespace hlwq::codec {
namespace {

std::vector<uint8_t> RandomCodes(int bits, size_t count) {
  std::mt19937 random(static_cast<unsigned>(bits));
  std::vector<uint8_t> codes(count);
  for (uint8_t& code : codes) code = static_cast<uint8_t>(random() % (1u << bits));
  return codes;
}

template <size_t kCount>
std::array<uint32_t, kCount> Words(WordOrder order, int bits, const std::vector<uint8_t>& codes) {
  std::array<uint32_t, kCount> words;
  EXPECT_EQ(WordsPerRow(order, bits, codes.size()), kCount);
  PackWords(order, bits, codes, std::as_writable_bytes(std::span(words)));
  return words;
}

TEST(PackWords, FirstCodeIsInTheLowBits) {
  const std::vector<uint8_t> codes = {1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(Words<1>(WordOrder::kDense, 4, codes)[0], 0x87654321u);
  EXPECT_EQ((Words<2>(WordOrder::kDense, 8, codes)),
            (std::array<uint32_t, 2>{0x04030201u, 0x08070605u}));
}

TEST(PackWords, DenseCodesLieAcrossWordsAndWholeOnesDoNot) {
  const std::vector<uint8_t> codes(7, 31);
  EXPECT_EQ((Words<2>(WordOrder::kDense, 5, codes)), (std::array<uint32_t, 2>{0xFFFFFFFFu, 0x7u}));
  EXPECT_EQ((Words<2>(WordOrder::kWhole, 5, codes)), (std::array<uint32_t, 2>{0x3FFFFFFFu, 0x1Fu}));
}

TEST(PackWords, OrdersAgreeWhereTheWidthDividesAWord) {
  for (const int bits : {1, 2, 4, 8}) {
    for (size_t count = 1; count < 70; ++count) {
      const auto codes = RandomCodes(bits, count);
      const auto words = WordsPerRow(WordOrder::kDense, bits, count);
      ASSERT_EQ(words, WordsPerRow(WordOrder::kWhole, bits, count));
      std::vector<std::byte> dense(4 * *words), whole(4 * *words);
      PackWords(WordOrder::kDense, bits, codes, dense);
      PackWords(WordOrder::kWhole, bits, codes, whole);
      EXPECT_EQ(dense, whole) << bits << " bits, " << count;
    }
  }
}

TEST(UnpackWords, InvertsPackWordsAtEveryLength) {
  for (const WordOrder order : {WordOrder::kDense, WordOrder::kWhole}) {
    for (int bits = 1; bits <= 8; ++bits) {
      for (size_t count = 1; count < 70; ++count) {
        const auto codes = RandomCodes(bits, count);
        std::vector<std::byte> words(4 * WordsPerRow(order, bits, count).value(), std::byte{0xFF});
        PackWords(order, bits, codes, words);
        std::vector<uint8_t> back(count);
        UnpackWords(order, bits, words, back);
        EXPECT_EQ(back, codes) << bits << " bits, " << count;
      }
    }
  }
}

TEST(UnpackWords, BitsOfNoCodeAreIgnored) {
  const std::array<uint32_t, 1> words = {0xFFFFFFFFu};
  std::vector<uint8_t> codes(3);
  for (const WordOrder order : {WordOrder::kDense, WordOrder::kWhole}) {
    UnpackWords(order, 5, std::as_bytes(std::span(words)), codes);
    EXPECT_EQ(codes, (std::vector<uint8_t>{31, 31, 31}));
  }
}

TEST(WordsPerRow, OverflowIsAnAnswer) {
  EXPECT_EQ(WordsPerRow(WordOrder::kDense, 5, UINT64_MAX / 4), std::nullopt);
}

TEST(WordOrder, NamesInvert) {
  for (const WordOrder order : {WordOrder::kDense, WordOrder::kWhole}) {
    EXPECT_EQ(WordOrderFromName(WordOrderName(order)), order);
  }
  EXPECT_EQ(WordOrderFromName("msb"), std::nullopt);
}

}  // namespace
}  // namespace hlwq::codec
