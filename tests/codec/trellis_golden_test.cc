// The trellis codec against another implementation of docs/format.md (tools/golden/trellis_bytes.py).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/file.h"
#include "tests/codec/coded_matrix.h"
#include "tests/support/shared_data.h"

namespace hlwq::codec {
namespace {

constexpr size_t kIn = 200, kHalfIn = 150;

template <typename T>
std::vector<T> ReadGolden(const std::string& name) {
  const std::string content = ReadSmallFile(test::Golden("good/trellis") / name, uint64_t{1} << 20);
  std::vector<T> values(content.size() / sizeof(T));
  std::memcpy(values.data(), content.data(), values.size() * sizeof(T));
  return values;
}

// The first `in` weights of each row.
std::vector<float> Weights(size_t in) {
  const auto all = ReadGolden<float>("weights.f32");
  std::vector<float> weights;
  for (auto row = all.begin(); row != all.end(); row += kIn) {
    weights.insert(weights.end(), row, row + static_cast<ptrdiff_t>(in));
  }
  return weights;
}

void ExpectParts(const CodecSpec& spec, size_t in, const std::string& name) {
  const test::CodedMatrix coded = test::Encode(*MakeReferenceCodec(spec), Weights(in), in);
  auto theirs = ReadGolden<std::byte>(name);
  for (size_t part = 0; part < coded.parts.size(); ++part) {
    const size_t bytes = coded.parts[part].size();
    ASSERT_GE(theirs.size(), bytes) << part;
    EXPECT_TRUE(std::equal(coded.parts[part].begin(), coded.parts[part].end(), theirs.begin()))
        << "row part " << part;
    theirs.erase(theirs.begin(), theirs.begin() + static_cast<ptrdiff_t>(bytes));
  }
  EXPECT_TRUE(theirs.empty());
}

class TrellisGolden : public testing::TestWithParam<std::tuple<int, std::string>> {};
INSTANTIATE_TEST_SUITE_P(Efforts, TrellisGolden,
                         testing::Combine(testing::Range(2, 7),
                                          testing::Values("fast", "default", "best")));

TEST_P(TrellisGolden, BytesAreThoseOfTheText) {
  const auto& [bits, effort] = GetParam();
  const CodecSpec spec = {
      .parameters = TrellisParameters{.effort = effort}, .bits = bits, .levels = {}};
  ExpectParts(spec, kIn, fmt::format("{}-{}.parts", bits, effort));
}

class TrellisGoldenWidths : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Bits, TrellisGoldenWidths, testing::Range(2, 7));

TEST_P(TrellisGoldenWidths, HalfABlockHasTheBytesOfTheText) {
  CodecSpec spec = DefaultSpec(kTrellisCodec);
  spec.bits = GetParam();
  ExpectParts(spec, kHalfIn, fmt::format("{}-half.parts", GetParam()));
}

TEST_P(TrellisGoldenWidths, BytesDecodeToTheBitsOfTheText) {
  CodecSpec spec = DefaultSpec(kTrellisCodec);
  spec.bits = GetParam();
  const auto codec = MakeReferenceCodec(spec);
  for (const auto& [name, in] : {std::pair{"default", kIn}, {"half", kHalfIn}}) {
    const auto bytes = ReadGolden<std::byte>(fmt::format("{}-{}.parts", GetParam(), name));
    const auto want = ReadGolden<uint32_t>(fmt::format("{}-{}.decoded.f32", GetParam(), name));
    std::vector<std::span<const std::byte>> parts;
    size_t begin = 0;
    for (const Part& part : codec->Parts({want.size() / in, in})) {
      if (part.is_constant()) continue;
      parts.push_back(std::span(bytes).subspan(begin, part.bytes));
      begin += part.bytes;
    }
    EXPECT_EQ(begin, bytes.size());
    std::vector<float> decoded(want.size());
    codec->DecodeRows(parts, in, decoded);
    std::vector<uint32_t> got(want.size());
    std::memcpy(got.data(), decoded.data(), decoded.size() * sizeof(float));
    EXPECT_EQ(got, want) << name;
  }
}

}  // namespace
}  // namespace hlwq::codec
