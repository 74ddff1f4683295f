// The codec under scale rule "norm" against the published package's own output
// (tools/golden/published_codes.py).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/file.h"
#include "codec/bitpack.h"
#include "codec/gaussian_tables.h"
#include "tests/codec/coded_matrix.h"
#include "tests/support/shared_data.h"

namespace hlwq::codec {
namespace {

template <typename T>
std::vector<T> ReadGolden(const std::string& name) {
  const auto path = test::Golden("good/published-codes") / name;
  const std::string content = ReadSmallFile(path, uint64_t{1} << 20);
  std::vector<T> values(content.size() / sizeof(T));
  std::memcpy(values.data(), content.data(), values.size() * sizeof(T));
  return values;
}

class Published : public testing::TestWithParam<std::tuple<std::string, int>> {};
INSTANTIATE_TEST_SUITE_P(Tables, Published,
                         testing::Combine(testing::Values("polarquant-v1", "polarquant-v1-inf"),
                                          testing::Range(2, 7)));

TEST_P(Published, LevelsAreTheirs) {
  const auto& [table, bits] = GetParam();
  const auto theirs = ReadGolden<float>(fmt::format("{}-{}.levels.f32", table, bits));
  const auto ours = GaussianLevels(table, bits);
  EXPECT_EQ(std::vector<float>(ours.begin(), ours.end()), theirs);
}

TEST_P(Published, CodesAndNormsAreTheirsButForRoundingAtThresholds) {
  const auto& [table, bits] = GetParam();
  constexpr size_t kRows = 8, kIn = 320, kBlocks = 3;
  CodecSpec spec;
  spec.bits = bits;
  spec.parameters = HlwqParameters{.table = table, .scale_rule = ScaleRule::kNorm};
  const auto codec = MakeReferenceCodec(spec);
  const auto coded = test::Encode(*codec, ReadGolden<float>("weights.f32"), kIn);

  const auto their_norms = ReadGolden<uint16_t>("norms.f16");
  std::vector<uint16_t> our_norms(their_norms.size());
  std::memcpy(our_norms.data(), coded.parts[1].data(), coded.parts[1].size());
  EXPECT_EQ(our_norms, their_norms);

  const auto their_codes = ReadGolden<uint8_t>(fmt::format("{}-{}.codes.u8", table, bits));
  ASSERT_EQ(their_codes.size(), kRows * kBlocks * kBlockSize);
  size_t different = 0;
  for (size_t block = 0; block < kRows * kBlocks; ++block) {
    // The constant block is zero but for rounding: which side of zero its coordinates fall is noise
    // in both programs.
    if (block == 3 * kBlocks) continue;
    std::array<uint8_t, kBlockSize> codes;
    const size_t bytes = PackedBlockBytes(BitOrder::kMsb, bits);
    UnpackBlock(BitOrder::kMsb, bits, std::span(coded.parts[0]).subspan(block * bytes, bytes),
                codes);
    for (size_t i = 0; i < kBlockSize; ++i) {
      const int step = codes[i] - their_codes[block * kBlockSize + i];
      EXPECT_LE(std::abs(step), 1);
      different += step != 0 ? 1 : 0;
    }
  }
  RecordProperty("different_codes", static_cast<int>(different));
  EXPECT_LE(different, 2u);  // of 2944
}

}  // namespace
}  // namespace hlwq::codec
