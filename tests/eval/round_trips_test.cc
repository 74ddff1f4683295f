#include "eval/round_trips.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/random.h"
#include "checkpoint/views/block_rotation.h"
#include "kernels/cpu_backend.h"

namespace hlwq::eval {
namespace {

constexpr uint64_t kRows = 3;

std::vector<float> Weights(uint64_t in) {
  std::vector<float> weights(kRows * in);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = 0.05f * NearNormal(7, i);
  return weights;
}

SharedChange RoundTrip(const codec::CodecSpec& spec) {
  return std::make_shared<CodecRoundTrip>(kernels::CpuBackend().MakeCodec(spec));
}

std::vector<float> Changed(std::vector<float> weights, const checkpoint::RowChange& change) {
  change.Apply({0, kRows}, weights);
  return weights;
}

// Multiplies or adds, so that order shows.
class Affine final : public checkpoint::RowChange {
 public:
  Affine(float factor, float offset) : factor_(factor), offset_(offset) {}
  void Apply(RowRange, std::span<float> weights) const override {
    for (float& weight : weights) weight = factor_ * weight + offset_;
  }

 private:
  float factor_, offset_;
};

TEST(CodecRoundTrip, GivesWhatIsDecoded) {
  for (const uint64_t in : {uint64_t{100}, uint64_t{128}, uint64_t{576}}) {
    const auto codec = kernels::CpuBackend().MakeCodec({});
    const std::vector<float> weights = Weights(in);
    std::vector<std::vector<std::byte>> parts;
    for (const codec::Part& part : codec->Parts({.out = kRows, .in = in})) {
      if (!part.is_constant()) parts.emplace_back(part.bytes);
    }
    codec::ErrorStats stats;
    codec->EncodeRows(weights, in, 0, std::vector<std::span<std::byte>>(parts.begin(), parts.end()),
                      stats);
    std::vector<float> decoded(weights.size());
    codec->DecodeRows(std::vector<std::span<const std::byte>>(parts.begin(), parts.end()), in,
                      decoded);
    EXPECT_EQ(Changed(weights, CodecRoundTrip(codec)), decoded) << in;
  }
}

TEST(CodecRoundTrip, ManyRowsAreThoseOneByOne) {
  constexpr uint64_t kIn = 1024, kMany = 200;  // several pieces
  std::vector<float> weights(kMany * kIn);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = NearNormal(3, i);
  std::vector<float> one_by_one = weights;
  const SharedChange change = RoundTrip({});
  change->Apply({0, kMany}, weights);
  for (uint64_t row = 0; row < kMany; ++row) {
    change->Apply({row, row + 1}, std::span(one_by_one).subspan(row * kIn, kIn));
  }
  EXPECT_EQ(weights, one_by_one);
}

TEST(GgmlRoundTrip, KeepsWhatTheFormatHolds) {
  std::vector<float> weights(kRows * 64);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 32) - 16;
  EXPECT_EQ(Changed(weights, GgmlRoundTrip(codec::GgmlType::kQ5_0)), weights);
}

TEST(ChangeChain, GoesInOrder) {
  const ChangeChain chain({std::make_shared<Affine>(1, 3), std::make_shared<Affine>(2, 0)});
  EXPECT_EQ(Changed(std::vector<float>(kRows, 1.0f), chain), std::vector<float>(kRows, 8.0f));
}

TEST(PaddedRows, AreFilledWithZerosAndCutOff) {
  // The codec pads as well: the same, whoever does it.
  const std::vector<float> weights = Weights(300);
  EXPECT_EQ(Changed(weights, PaddedRows(128, RoundTrip({}))), Changed(weights, *RoundTrip({})));
}

TEST(PaddedRows, RotatedTwiceLevelsAreThoseOfTheWeightsThemselves) {
  codec::CodecSpec spec;
  spec.bits = 3;
  spec.parameters = codec::HlwqParameters{.scale_rule = codec::ScaleRule::kNorm};
  const auto rotation =
      std::make_shared<checkpoint::BlockRotation>(checkpoint::RotationSides{.column_block = 128});
  const ChangeChain chain({rotation, RoundTrip(spec), rotation});
  const std::vector<float> decoded = Changed(Weights(128), chain);
  for (uint64_t row = 0; row < kRows; ++row) {
    std::set<long> levels;  // in thousandths of the root mean square: neighbours are far apart
    double squares = 0;
    for (uint64_t i = 0; i < 128; ++i) {
      squares += double{decoded[row * 128 + i]} * double{decoded[row * 128 + i]};
    }
    for (uint64_t i = 0; i < 128; ++i) {
      levels.insert(std::lround(200 * decoded[row * 128 + i] / std::sqrt(squares / 128)));
    }
    EXPECT_LE(levels.size(), 8u);
  }
}

}  // namespace
}  // namespace hlwq::eval
