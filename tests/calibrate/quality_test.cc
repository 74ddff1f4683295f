// What feedback is worth, as tests/quality.csv records it.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/cpu_backend.h"
#include "tests/calibrate/correlated_inputs.h"
#include "tests/calibrate/output_error.h"
#include "tests/support/portable_gaussian.h"
#include "tests/support/recorded_quality.h"

namespace hlwq::calibrate {
namespace {

std::vector<codec::CodecSpec> UsualSpecs() {
  std::vector<codec::CodecSpec> specs = test::EverySpec();
  std::erase_if(specs, [](const auto& spec) { return spec.bits < 3 || spec.bits > 5; });
  return specs;
}

class OutputQuality : public testing::TestWithParam<codec::CodecSpec> {};
INSTANTIATE_TEST_SUITE_P(, OutputQuality, testing::ValuesIn(UsualSpecs()),
                         [](const auto& of) { return test::SpecName(of.param); });

// Rows of 576 of inputs that depend on each other: a small model's.
TEST_P(OutputQuality, IsAsRecorded) {
  constexpr size_t kColumns = 576, kRows = 192;
  const auto codec = kernels::CpuBackend().MakeCodec(GetParam());
  const uint64_t columns = test::WidthFrom(kColumns, GetParam());
  const Buffer<float> hessian =
      test::HessianOf(test::CorrelatedInputs(4 * columns, columns), columns);
  const std::vector<float> weights = test::PortableGaussian(kRows * columns, 0.02);
  const std::vector<float> zeros(weights.size());
  const test::CodedMatrix nothing = test::Encode(*codec, zeros, columns);
  const double signal = test::OutputError(*codec, weights, nothing, hessian, columns);
  const auto expect = [&](const char* source, const codec::Feedback* feedback) {
    test::CodedMatrix coded(*codec, kRows, columns);
    codec->EncodeRowsWith(feedback, DType::kF32, std::as_bytes(std::span(weights)), columns, 0,
                          coded.Rows(0, kRows), coded.stats);
    const double noise = test::OutputError(*codec, weights, coded, hessian, columns);
    // Vector targets add in different orders.
    test::ExpectAsRecorded(
        test::QualityKey(source, GetParam()),
        {10 * std::log10(signal / noise), codec->BitsPerWeight({kRows, columns})}, 0.02);
  };
  expect("outputs", nullptr);
  expect("outputs-calibrated", test::FactoredFor(*codec, hessian, columns, 0.01).get());
}

}  // namespace
}  // namespace hlwq::calibrate
