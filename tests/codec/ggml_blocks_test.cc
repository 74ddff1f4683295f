#include "codec/ggml_blocks.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/support/shared_data.h"

namespace hlwq::codec {
namespace {

constexpr std::array kAllTypes = {GgmlType::kF32,  GgmlType::kF16,  GgmlType::kBF16,
                                  GgmlType::kQ4_0, GgmlType::kQ4_1, GgmlType::kQ5_0,
                                  GgmlType::kQ5_1, GgmlType::kQ8_0, GgmlType::kQ4_K,
                                  GgmlType::kQ5_K, GgmlType::kQ6_K};

class GgmlBlocks : public testing::TestWithParam<GgmlType> {};

// The judge is the Python gguf package (tools/golden/make_ggml_golden.py). NaN equals NaN whatever
// its payload: the package's own depends on the CPU.
TEST_P(GgmlBlocks, DecodesBitForBitLikeTheReference) {
  const std::string name(GgmlTypeName(GetParam()));
  const std::string golden = ReadSmallFile(test::Golden("good/ggml/" + name + ".bin"), 1 << 20);
  uint32_t count = 0;
  std::memcpy(&count, golden.data(), sizeof(count));
  const uint64_t block_bytes =
      count / GgmlBlockWeights(GetParam()) * uint64_t{GgmlBlockBytes(GetParam())};
  ASSERT_EQ(golden.size(), 4 + block_bytes + 4ull * count);
  ASSERT_GT(count, 0u);
  std::vector<float> want(count);
  std::memcpy(want.data(), golden.data() + 4 + block_bytes, 4ull * count);

  std::vector<float> got(count);
  DecodeGgml(GetParam(), std::as_bytes(std::span(golden)).subspan(4, block_bytes), got);

  size_t finite = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (std::isnan(want[i])) {
      ASSERT_TRUE(std::isnan(got[i])) << name << " weight " << i;
      continue;
    }
    finite += std::isfinite(want[i]);
    ASSERT_EQ(std::bit_cast<uint32_t>(got[i]), std::bit_cast<uint32_t>(want[i]))
        << name << " weight " << i << ": want " << want[i] << ", got " << got[i];
  }
  EXPECT_GT(finite, count / 2) << "a golden of non-finite values proves nothing";
}

// Blocks are independent: a decode in two parts is the decode in one.
TEST_P(GgmlBlocks, SplitsAtAnyBlock) {
  const uint32_t weights = GgmlBlockWeights(GetParam());
  const uint32_t bytes = GgmlBlockBytes(GetParam());
  std::vector<std::byte> blocks(3 * bytes);
  for (size_t i = 0; i < blocks.size(); ++i) {
    blocks[i] = static_cast<std::byte>((i * 37 + 11) % 0x3C);  // no exponent of infinity
  }
  std::vector<float> whole(3 * weights);
  DecodeGgml(GetParam(), blocks, whole);
  std::vector<float> parts(3 * weights);
  DecodeGgml(GetParam(), std::span(blocks).first(bytes), std::span(parts).first(weights));
  DecodeGgml(GetParam(), std::span(blocks).subspan(bytes), std::span(parts).subspan(weights));
  EXPECT_EQ(whole, parts);
}

INSTANTIATE_TEST_SUITE_P(AllTypes, GgmlBlocks, testing::ValuesIn(kAllTypes),
                         [](const auto& type) { return std::string(GgmlTypeName(type.param)); });

TEST(GgmlType, NumbersRoundTripAndOthersAreUnknown) {
  for (const GgmlType type : kAllTypes) {
    EXPECT_EQ(GgmlTypeFromNumber(static_cast<uint32_t>(type)), type);
  }
  for (const uint32_t number : {4u, 5u, 9u, 10u, 15u, 24u, 29u, 31u, 0xFFFFFFFFu}) {
    EXPECT_FALSE(GgmlTypeFromNumber(number)) << number;
  }
}

}  // namespace
}  // namespace hlwq::codec
