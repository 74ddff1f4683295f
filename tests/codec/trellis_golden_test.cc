// The trellis codec against another implementation of docs/format.md (tools/golden/trellis_bytes.py).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <tuple>
#include <vector>

#include "base/file.h"
#include "tests/codec/coded_matrix.h"
#include "tests/support/shared_data.h"

namespace hlwq::codec {
namespace {

constexpr size_t kIn = 200;

template <typename T>
std::vector<T> ReadGolden(const std::string& name) {
  const std::string content = ReadSmallFile(test::Golden("good/trellis") / name, uint64_t{1} << 20);
  std::vector<T> values(content.size() / sizeof(T));
  std::memcpy(values.data(), content.data(), values.size() * sizeof(T));
  return values;
}

class TrellisGolden : public testing::TestWithParam<std::tuple<int, std::string>> {};
INSTANTIATE_TEST_SUITE_P(Efforts, TrellisGolden,
                         testing::Combine(testing::Range(2, 7),
                                          testing::Values("fast", "default", "best")));

TEST_P(TrellisGolden, BytesAreThoseOfTheText) {
  const auto& [bits, effort] = GetParam();
  const CodecSpec spec = {
      .parameters = TrellisParameters{.effort = effort}, .bits = bits, .levels = {}};
  const auto weights = ReadGolden<float>("weights.f32");
  const test::CodedMatrix coded = test::Encode(*MakeReferenceCodec(spec), weights, kIn);
  auto theirs = ReadGolden<std::byte>(fmt::format("{}-{}.parts", bits, effort));
  for (size_t part = 0; part < coded.parts.size(); ++part) {
    const size_t bytes = coded.parts[part].size();
    ASSERT_GE(theirs.size(), bytes) << part;
    EXPECT_TRUE(std::equal(coded.parts[part].begin(), coded.parts[part].end(), theirs.begin()))
        << "row part " << part;
    theirs.erase(theirs.begin(), theirs.begin() + static_cast<ptrdiff_t>(bytes));
  }
  EXPECT_TRUE(theirs.empty());
}

class TrellisGoldenWidths : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Bits, TrellisGoldenWidths, testing::Range(2, 7));

TEST_P(TrellisGoldenWidths, BytesDecodeToTheBitsOfTheText) {
  CodecSpec spec = DefaultSpec(kTrellisCodec);
  spec.bits = GetParam();
  const auto codec = MakeReferenceCodec(spec);
  const auto bytes = ReadGolden<std::byte>(fmt::format("{}-default.parts", GetParam()));
  const auto want = ReadGolden<uint32_t>(fmt::format("{}.decoded.f32", GetParam()));
  std::vector<std::span<const std::byte>> parts;
  size_t begin = 0;
  for (const Part& part : codec->Parts({want.size() / kIn, kIn})) {
    if (part.bytes_per_row == 0) continue;
    parts.push_back(std::span(bytes).subspan(begin, part.bytes));
    begin += part.bytes;
  }
  EXPECT_EQ(begin, bytes.size());
  std::vector<float> decoded(want.size());
  codec->DecodeRows(parts, kIn, decoded);
  std::vector<uint32_t> got(want.size());
  std::memcpy(got.data(), decoded.data(), decoded.size() * sizeof(float));
  EXPECT_EQ(got, want);
}

}  // namespace
}  // namespace hlwq::codec
