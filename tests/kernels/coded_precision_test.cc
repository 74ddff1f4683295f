// What the integers of products cost beside the codes themselves.
#include <gtest/gtest.h>

#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/gaussian_tables.h"
#include "kernels/cpu_backend.h"
#include "kernels/tile_matmul.h"

namespace hlwq::kernels {
namespace {

struct Errors {
  double codec = 0;       // (decoded W - W) x, summed squares
  double arithmetic = 0;  // CodedMatVec - decoded W x
};

// The parts of a coded matrix of Gaussian weights, and what they decode to.
struct Coded {
  std::vector<float> weights, decoded;
  std::vector<std::vector<std::byte>> parts;
};

constexpr MatrixShape kShape = {96, 2048};

Coded Encode(std::string_view name, int bits) {
  std::mt19937 random(static_cast<uint32_t>(bits));
  std::normal_distribution<float> normal;
  Coded coded;
  coded.weights.resize(kShape.out * kShape.in);
  for (float& value : coded.weights) value = 0.02f * normal(random);
  codec::CodecSpec spec = codec::DefaultSpec(name);
  spec.bits = bits;
  const auto codec = CpuBackend().MakeCodec(spec);
  std::vector<std::span<std::byte>> to;
  for (const codec::Part& part : codec->Parts(kShape)) {
    if (!part.is_constant()) coded.parts.emplace_back(part.bytes);
  }
  for (std::vector<std::byte>& part : coded.parts) to.emplace_back(part);
  codec::ErrorStats stats;
  codec->EncodeRows(coded.weights, kShape.in, 0, to, stats);
  const std::vector<std::span<const std::byte>> from(to.begin(), to.end());
  coded.decoded.resize(coded.weights.size());
  codec->DecodeRows(from, kShape.in, coded.decoded);
  return coded;
}

// Of Gaussian activations, products in float64.
template <class Matrix>
Errors MeasureErrors(const Coded& coded, const Matrix& w) {
  constexpr size_t kTokens = 4;
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  RotatedInputs inputs(1, kShape.in);
  std::vector<float> x(kShape.in), y(kShape.out);
  Errors errors;
  for (size_t token = 0; token < kTokens; ++token) {
    for (float& value : x) value = normal(random);
    inputs.Set(0, x, w.levels->width);
    CodedMatVec(w, inputs, 0, {0, kShape.out}, y);
    for (size_t row = 0; row < kShape.out; ++row) {
      double exact = 0;
      double of_decoded = 0;
      for (size_t i = 0; i < kShape.in; ++i) {
        exact += double{coded.weights[row * kShape.in + i]} * x[i];
        of_decoded += double{coded.decoded[row * kShape.in + i]} * x[i];
      }
      errors.codec += (of_decoded - exact) * (of_decoded - exact);
      errors.arithmetic += (y[row] - of_decoded) * (y[row] - of_decoded);
    }
  }
  return errors;
}

// Measured with the scale search: 0.01 %, 0.03, 0.14, 0.7, 3.9 for 1 to 5 bits, of which the levels
// are 1.5 at 5 bits; then, with wide integers, 0.02, 0.1, 0.4.
TEST(CodedMatVec, ArithmeticCostsAtMostFivePercentOfTheCodecsError) {
  for (int bits = 1; bits <= 8; ++bits) {
    const Coded coded = Encode("hlwq", bits);
    const DotLevels levels(codec::GaussianLevels(codec::kTableLloydMax, bits));
    const CodedMatrix w = {kShape, codec::BitOrder::kMsb, &levels, coded.parts[0], coded.parts[1]};
    const Errors errors = MeasureErrors(coded, w);
    const double share = errors.arithmetic / errors.codec;
    RecordProperty("share_b" + std::to_string(bits), std::to_string(share));
    EXPECT_LT(share, bits == 5 ? 0.05 : 0.01) << bits;
    EXPECT_GT(share, 1e-6) << bits;
  }
}

TEST(TrellisMatVec, ArithmeticCostsAtMostFivePercentOfTheCodecsError) {
  for (int bits = codec::kMinTrellisBits; bits <= codec::kMaxTrellisBits; ++bits) {
    const Coded coded = Encode(codec::kTrellisCodec, bits);
    const codec::TrellisTable table(codec::TrellisLevels(codec::kTableTrellisGauss, bits), bits);
    const DotLevels levels = DotLevels::OfTrellis(table);
    const TrellisMatrix w = {kShape, &levels, coded.parts[0], coded.parts[1], coded.parts[2]};
    const Errors errors = MeasureErrors(coded, w);
    const double share = errors.arithmetic / errors.codec;
    RecordProperty("share_t" + std::to_string(bits), std::to_string(share));
    EXPECT_LT(share, bits == 5 ? 0.05 : 0.012) << bits;
    EXPECT_GT(share, 1e-6) << bits;
  }
}

}  // namespace
}  // namespace hlwq::kernels
