// What the integers of products cost beside the codes themselves.
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "codec/gaussian_tables.h"
#include "kernels/coded_matmul.h"
#include "kernels/cpu_backend.h"

namespace hlwq::kernels {
namespace {

struct Errors {
  double codec = 0;       // (decoded W - W) x, summed squares
  double arithmetic = 0;  // CodedMatVec - decoded W x
};

// Gaussian weights and activations, products in float64.
Errors MeasureErrors(int bits) {
  constexpr size_t kOut = 96;
  constexpr size_t kIn = 2048;
  constexpr size_t kTokens = 4;
  std::mt19937 random(static_cast<uint32_t>(bits));
  std::normal_distribution<float> normal;
  std::vector<float> weights(kOut * kIn);
  for (float& value : weights) value = 0.02f * normal(random);

  codec::CodecSpec spec;
  spec.bits = bits;
  const auto codec = CpuBackend().MakeCodec(spec);
  const auto parts = codec->Parts({kOut, kIn});
  std::vector<std::byte> packed(parts[0].bytes), norms(parts[1].bytes);
  const std::array<std::span<std::byte>, 2> row_parts = {packed, norms};
  codec::ErrorStats stats;
  codec->EncodeRows(weights, kIn, 0, row_parts, stats);
  const std::array<std::span<const std::byte>, 2> coded = {packed, norms};
  std::vector<float> decoded(weights.size());
  codec->DecodeRows(coded, kIn, decoded);

  const DotLevels levels(codec::GaussianLevels(codec::kTableLloydMax, bits));
  const CodedMatrix w = {{kOut, kIn}, codec::BitOrder::kMsb, &levels, packed, norms};
  RotatedInputs inputs(1, kIn);
  std::vector<float> x(kIn), y(kOut);
  Errors errors;
  for (size_t token = 0; token < kTokens; ++token) {
    for (float& value : x) value = normal(random);
    inputs.Set(0, x, levels.width);
    CodedMatVec(w, inputs, 0, {0, kOut}, y);
    for (size_t row = 0; row < kOut; ++row) {
      double exact = 0;
      double of_decoded = 0;
      for (size_t i = 0; i < kIn; ++i) {
        exact += double{weights[row * kIn + i]} * x[i];
        of_decoded += double{decoded[row * kIn + i]} * x[i];
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
    const Errors errors = MeasureErrors(bits);
    const double share = errors.arithmetic / errors.codec;
    RecordProperty("share_b" + std::to_string(bits), std::to_string(share));
    EXPECT_LT(share, bits == 5 ? 0.05 : 0.01) << bits;
    EXPECT_GT(share, 1e-6) << bits;
  }
}

}  // namespace
}  // namespace hlwq::kernels
