#include "calibrate/factor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "codec/codec_record.h"
#include "kernels/cpu_backend.h"
#include "tests/calibrate/correlated_inputs.h"
#include "tests/calibrate/output_error.h"
#include "tests/codec/coded_matrix.h"

namespace hlwq::calibrate {
namespace {

using codec::kBlockSize;

std::shared_ptr<const codec::Feedback> Factored(const Buffer<float>& hessian, size_t columns,
                                                double damping, int threads = 2,
                                                ColumnOrder order = ColumnOrder::kAsTheyLie) {
  WorkerPool pool(threads);
  return FactorFeedback(test::Copy(hessian), columns, damping, order, pool);
}

// U, as its users see it: what an error of 1 in column j does to the targets.
std::vector<double> Unpacked(const codec::Feedback& feedback) {
  const size_t columns = feedback.columns();
  std::vector<double> u(columns * columns);
  for (size_t j = 0; j < columns; ++j) {
    std::vector<float> errors(columns);
    errors[j] = 1;
    for (size_t block = 0; block * kBlockSize < columns; ++block) {
      const codec::FeedbackBlock of_block = feedback.Block(block);
      const size_t begin = block * kBlockSize;
      std::vector<float> targets(kBlockSize);
      if (j < begin) feedback.AddTo(block, errors, 1, targets);
      for (size_t k = 0; k < of_block.width; ++k) {
        const bool is_within = j >= begin && j < begin + of_block.width;
        u[j * columns + begin + k] =
            is_within ? of_block.within[(j - begin) * kBlockSize + k] : targets[k];
      }
    }
  }
  return u;
}

TEST(Factor, GivesTheHessianBack) {
  for (const size_t columns : {32, 64, 128, 200, 576}) {
    const Buffer<float> hessian = test::HessianOf(test::CorrelatedInputs(900, columns), columns);
    const auto feedback = Factored(hessian, columns, 0.05);
    ASSERT_EQ(feedback->columns(), columns);
    std::vector<double> u = Unpacked(*feedback), d(columns);
    std::vector<float> diagonal;
    for (size_t i = 0; i < columns; ++i) diagonal.push_back(hessian[i * columns + i]);
    std::ranges::nth_element(diagonal, diagonal.begin() + static_cast<ptrdiff_t>(columns / 2));
    const double added = 0.05 * diagonal[columns / 2];
    for (size_t j = 0; j < columns; ++j) {
      for (size_t k = 0; k <= j; ++k) ASSERT_EQ(u[j * columns + k], 0) << j << ", " << k;
      u[j * columns + j] = 1;
      d[j] = feedback->Block(j / kBlockSize).costs[j % kBlockSize];
      ASSERT_GT(d[j], 0);
    }
    for (size_t i = 0; i < columns; i += 7) {
      for (size_t j = 0; j <= i; j += 5) {
        double sum = 0;
        for (size_t k = 0; k < columns; ++k) sum += u[i * columns + k] * d[k] * u[j * columns + k];
        const double damped = double{hessian[i * columns + j]} + (i == j ? added : 0);
        ASSERT_NEAR(sum, damped, 2e-4) << columns << " columns, " << i << ", " << j;
      }
    }
  }
}

TEST(Factor, OfSortedColumnsIsThatOfTheSortedHessian) {
  constexpr size_t kColumns = 200;
  const Buffer<float> hessian = test::HessianOf(test::CorrelatedInputs(900, kColumns), kColumns);
  const auto feedback = Factored(hessian, kColumns, 0.05, 2, ColumnOrder::kLargestFirst);
  const std::vector<uint32_t> order(feedback->order().begin(), feedback->order().end());
  ASSERT_THAT(std::set<uint32_t>(order.begin(), order.end()), testing::SizeIs(kColumns));
  Buffer<float> sorted(kColumns * kColumns);
  for (size_t i = 0; i < kColumns; ++i) {
    for (size_t k = 0; k < kColumns; ++k) {
      sorted[i * kColumns + k] = hessian[order[i] * kColumns + order[k]];
    }
    if (i == 0) continue;
    ASSERT_LE(sorted[i * kColumns + i], sorted[(i - 1) * (kColumns + 1)]);
  }
  EXPECT_EQ(Unpacked(*feedback), Unpacked(*Factored(sorted, kColumns, 0.05)));
}

TEST(Factor, DoesNotDependOnThreads) {
  const Buffer<float> hessian = test::HessianOf(test::CorrelatedInputs(900, 576), 576);
  EXPECT_EQ(Unpacked(*Factored(hessian, 576, 0.1, 1)), Unpacked(*Factored(hessian, 576, 0.1, 3)));
}

TEST(Factor, OfNothingIsNoFeedback) {
  EXPECT_EQ(Factored(Buffer<float>(64 * 64), 64, 0.1), nullptr);
}

// A direction alone, and inputs that are always zero: singular without damping.
TEST(Factor, OfDependentInputsIsFinite) {
  constexpr size_t kColumns = 160;
  std::vector<float> inputs(kColumns);
  for (size_t i = 0; i < kColumns / 2; ++i) inputs[i] = static_cast<float>(i + 1);
  const auto feedback = Factored(test::HessianOf(inputs, kColumns), kColumns, 1e-6);
  ASSERT_NE(feedback, nullptr);
  for (const double u : Unpacked(*feedback)) ASSERT_TRUE(std::isfinite(u));
}

class FeedbackOfEveryCodec : public testing::TestWithParam<codec::CodecSpec> {};
INSTANTIATE_TEST_SUITE_P(, FeedbackOfEveryCodec, testing::ValuesIn(test::EverySpec()),
                         [](const auto& of) { return test::SpecName(of.param); });

TEST_P(FeedbackOfEveryCodec, LowersWhatErrorsDoToTheOutputs) {
  const auto codec = kernels::CpuBackend().MakeCodec(GetParam());
  for (const uint64_t wanted : {256, 320}) {
    const size_t columns = test::WidthFrom(wanted, GetParam()), rows = 37;
    const Buffer<float> hessian = test::HessianOf(test::CorrelatedInputs(2000, columns), columns);
    const std::vector<float> weights = test::GaussianMatrix(rows, columns, 0.02f);
    const auto feedback = test::FactoredFor(*codec, hessian, columns, 0.01);
    const test::CodedMatrix alone = test::Encode(*codec, weights, columns);
    test::CodedMatrix with(*codec, rows, columns);
    codec->EncodeRowsWith(feedback.get(), DType::kF32, std::as_bytes(std::span(weights)), columns,
                          0, with.Rows(0, rows), with.stats);
    // With two levels only, many targets are beyond them.
    const double share = GetParam().bits == 1 ? 1 : 0.5;
    EXPECT_LT(test::OutputError(*codec, weights, with, hessian, columns),
              share * test::OutputError(*codec, weights, alone, hessian, columns));
    EXPECT_EQ(with.stats.count, alone.stats.count);
    EXPECT_NEAR(with.stats.signal, alone.stats.signal, 1e-3 * alone.stats.signal);
    // It costs the weights something, but they are what is stored.
    EXPECT_LT(with.stats.noise, 3 * alone.stats.noise);
    EXPECT_GT(with.stats.noise, 0.99 * alone.stats.noise);
  }
}

// A few inputs are far larger than the others, as where nothing is rotated.
TEST(FeedbackOfIntegers, LosesLessWithTheLargestInputsFirst) {
  constexpr size_t kColumns = 256, kRows = 64;
  std::vector<float> inputs = test::CorrelatedInputs(2000, kColumns);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (i % kColumns % 50 == 49) inputs[i] *= 20;
  }
  const Buffer<float> hessian = test::HessianOf(inputs, kColumns);
  const std::vector<float> weights = test::GaussianMatrix(kRows, kColumns, 0.02f);
  const auto codec =
      kernels::CpuBackend().MakeCodec(codec::DefaultSpec(codec::kPackQuantizedCodec));
  std::vector<double> errors;
  for (const ColumnOrder order : {ColumnOrder::kAsTheyLie, ColumnOrder::kLargestFirst}) {
    const auto feedback = test::FactoredFor(*codec, hessian, kColumns, 0.01, order);
    test::CodedMatrix coded(*codec, kRows, kColumns);
    codec->EncodeRowsWith(feedback.get(), DType::kF32, std::as_bytes(std::span(weights)), kColumns,
                          0, coded.Rows(0, kRows), coded.stats);
    errors.push_back(test::OutputError(*codec, weights, coded, hessian, kColumns));
  }
  EXPECT_LT(errors[1], 0.9 * errors[0]);
}

TEST_P(FeedbackOfEveryCodec, DoesNotDependOnHowRowsAreSplit) {
  const auto codec = kernels::CpuBackend().MakeCodec(GetParam());
  const size_t columns = test::WidthFrom(320, GetParam()), rows = 48;
  const Buffer<float> hessian = test::HessianOf(test::CorrelatedInputs(500, columns), columns);
  const std::vector<float> weights = test::GaussianMatrix(rows, columns, 0.02f);
  const auto feedback = test::FactoredFor(*codec, hessian, columns, 0.1);
  test::CodedMatrix whole(*codec, rows, columns), split(*codec, rows, columns);
  const auto encode = [&](test::CodedMatrix& to, size_t begin, size_t count) {
    const auto some = std::span(weights).subspan(begin * columns, count * columns);
    codec->EncodeRowsWith(feedback.get(), DType::kF32, std::as_bytes(some), columns, begin,
                          to.Rows(begin, count), to.stats);
  };
  encode(whole, 0, rows);
  encode(split, 0, 16);
  encode(split, 16, 32);
  EXPECT_EQ(whole.parts, split.parts);
  EXPECT_EQ(whole.stats.code_use, split.stats.code_use);
}

}  // namespace
}  // namespace hlwq::calibrate
