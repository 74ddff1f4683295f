#include "calibrate/propagation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "calibrate/calibration.h"
#include "convert/quantize.h"
#include "kernels/cpu_backend.h"
#include "tests/calibrate/correlated_inputs.h"
#include "tests/calibrate/divergence.h"
#include "tests/calibrate/output_error.h"
#include "tests/support/portable_gaussian.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"
#include "text/tokenizer.h"

namespace hlwq::calibrate {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSeen = 700, kOut = 40, kIn = 150;

// Errors that a matrix of the inputs makes, [kSeen, kOut].
std::vector<float> ErrorsOf(const std::vector<float>& matrix, const std::vector<float>& inputs) {
  std::vector<float> errors(kSeen * kOut);
  for (size_t token = 0; token < kSeen; ++token) {
    for (size_t row = 0; row < kOut; ++row) {
      double sum = 0;
      for (size_t i = 0; i < kIn; ++i) {
        sum += double{matrix[row * kIn + i]} * inputs[token * kIn + i];
      }
      errors[token * kOut + row] = static_cast<float>(sum);
    }
  }
  return errors;
}

Buffer<float> Shift(const std::vector<float>& errors, const std::vector<float>& inputs,
                    double share, double ridge, int threads = 2) {
  WorkerPool pool(threads);
  WriterSums sums(nullptr, {.out = kOut, .in = kIn});
  const kernels::RowSpan<const float> x(std::span<const float>(inputs), kIn);
  const kernels::RowSpan<const float> r(std::span<const float>(errors), kOut);
  for (const kernels::TokenRange part : {kernels::TokenRange{0, 600}, {600, kSeen}}) {
    sums.inputs.Add(x[part], pool);
    sums.errors.Add(r[part], x[part], pool);
  }
  const double mean = sums.inputs.mean_diagonal();
  Buffer<float> hessian = sums.inputs.TakeNormalised();
  const Buffer<float> before = test::Copy(hessian);
  Buffer<float> shift = ShiftOf(hessian, mean, std::move(sums.errors), share, ridge, pool);
  EXPECT_TRUE(std::ranges::equal(hessian.span(), before.span()));
  return shift;
}

TEST(Shift, FindsTheMatrixThatMakesTheErrors) {
  const std::vector<float> inputs = test::CorrelatedInputs(kSeen, kIn);
  const std::vector<float> matrix = test::PortableGaussian(kOut * kIn, 0.1);
  const Buffer<float> all = Shift(ErrorsOf(matrix, inputs), inputs, 1, 1e-5);
  const Buffer<float> half = Shift(ErrorsOf(matrix, inputs), inputs, 0.5, 1e-5);
  for (size_t i = 0; i < matrix.size(); ++i) {
    ASSERT_NEAR(all[i], matrix[i], 2e-3) << i;
    ASSERT_NEAR(half[i], matrix[i] / 2, 1e-3) << i;
  }
}

// Of errors by chance a large ridge leaves little.
TEST(Shift, IsSmallWhereNothingIsShown) {
  const std::vector<float> inputs = test::CorrelatedInputs(kSeen, kIn);
  const std::vector<float> noise = test::PortableGaussian(kSeen * kOut, 1, 7);
  const auto energy = [&](double ridge) {
    double sum = 0;
    const Buffer<float> shift = Shift(noise, inputs, 1, ridge);
    for (const float value : shift.span()) sum += double{value} * value;
    return sum;
  };
  EXPECT_LT(energy(0.3), 0.1 * energy(1e-3));
}

TEST(Shift, DoesNotDependOnThreads) {
  const std::vector<float> inputs = test::CorrelatedInputs(kSeen, kIn);
  const std::vector<float> errors = test::PortableGaussian(kSeen * kOut, 1, 7);
  const Buffer<float> one = Shift(errors, inputs, 0.6, 0.3, 1),
                      three = Shift(errors, inputs, 0.6, 0.3, 3);
  EXPECT_TRUE(std::ranges::equal(one.span(), three.span()));
}

TEST(Shift, OfInputsThatAreZeroIsNone) {
  const std::vector<float> errors = test::PortableGaussian(kSeen * kOut, 1);
  const std::vector<float> zeros(kSeen * kIn);
  const Buffer<float> shift = Shift(errors, zeros, 1, 0.3);
  EXPECT_TRUE(std::ranges::all_of(shift.span(), [](float value) { return value == 0; }));
}

// A model that was trained, and text that its kind wrote.
class SmallModel : public testing::Test {
 protected:
  const fs::path folder_ =
      test::Golden("").parent_path().parent_path().parent_path() / "examples/tiny-stories";

  TokenSequences Text() const {
    const text::Tokenizer tokenizer(ReadSmallFile(folder_ / "tokenizer.json", 1 << 20));
    const std::vector<text::TokenId> tokens =
        tokenizer.Encode(ReadSmallFile(folder_ / "stories.txt", 1 << 20));
    TokenSequences sequences;
    for (size_t begin = 0; begin + 200 <= std::min<size_t>(tokens.size(), 4000); begin += 200) {
      const auto from = tokens.begin() + static_cast<ptrdiff_t>(begin);
      sequences.emplace_back(from, from + 200);
    }
    return sequences;
  }

  convert::ConversionResult Quantize(const fs::path& to, double propagation) const {
    convert::QuantizeOptions options;
    options.codec = codec::DefaultSpec(codec::kTrellisCodec);
    options.recipe = {.recipe = "uniform", .bits = 3};
    runtime::Engine engine(folder_, {.threads = 2});
    Calibration calibration(engine, WriteSelfText(engine, {.tokens = 8192, .sequence_tokens = 256}),
                            {.propagation = propagation});
    options.calibration.emplace();
    options.calibration->source = &calibration;
    options.calibration->text = "{}";
    return convert::Quantize(checkpoint::OpenCheckpoint(folder_), to, options,
                             kernels::CpuBackend());
  }
};

TEST_F(SmallModel, LosesLessWithPropagation) {
  const test::TempDir dir;
  const TokenSequences text = Text();
  const auto want = test::LogProbabilities(checkpoint::OpenCheckpoint(folder_), text);
  std::vector<double> divergences;
  for (const double propagation : {0.0, 0.6}) {
    const fs::path to = dir / std::to_string(propagation);
    Quantize(to, propagation);
    divergences.push_back(
        test::MeanKl(want, test::LogProbabilities(checkpoint::OpenCheckpoint(to), text)));
  }
  EXPECT_LT(divergences[1], 0.9 * divergences[0]);
}

}  // namespace
}  // namespace hlwq::calibrate
