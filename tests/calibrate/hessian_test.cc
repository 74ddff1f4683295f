#include "calibrate/hessian.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/calibrate/correlated_inputs.h"

namespace hlwq::calibrate {
namespace {

constexpr size_t kTokens = 1100;  // several pieces, the last one short

Buffer<float> Sum(const std::vector<float>& inputs, size_t columns, int threads, size_t pieces) {
  WorkerPool pool(threads);
  Hessian hessian(columns);
  const kernels::RowSpan<const float> rows(std::span<const float>(inputs), columns);
  for (size_t piece = 0; piece < pieces; ++piece) {
    hessian.Add(rows[{rows.rows * piece / pieces, rows.rows * (piece + 1) / pieces}], pool);
  }
  EXPECT_EQ(hessian.tokens(), rows.rows);
  EXPECT_TRUE(hessian.is_finite());
  return hessian.TakeNormalised();
}

TEST(Hessian, IsTheSumOfOuterProductsOverTheMeanOfItsDiagonal) {
  for (const size_t columns : {1, 64, 97, 300}) {
    const std::vector<float> inputs = test::CorrelatedInputs(kTokens, columns);
    std::vector<double> expected(columns * columns);
    double diagonal = 0;
    for (size_t token = 0; token < kTokens; ++token) {
      const float* x = inputs.data() + token * columns;
      for (size_t i = 0; i < columns; ++i) {
        for (size_t j = 0; j < columns; ++j) expected[i * columns + j] += double{x[i]} * x[j];
        diagonal += double{x[i]} * x[i];
      }
    }
    const Buffer<float> sums = Sum(inputs, columns, 2, 1);
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_NEAR(sums[i], expected[i] * static_cast<double>(columns) / diagonal, 1e-5)
          << columns << " columns, element " << i;
    }
  }
}

TEST(Hessian, DoesNotDependOnThreads) {
  const std::vector<float> inputs = test::CorrelatedInputs(kTokens, 300);
  const Buffer<float> one = Sum(inputs, 300, 1, 3), three = Sum(inputs, 300, 3, 3);
  EXPECT_TRUE(std::equal(one.data(), one.data() + one.size(), three.data()));
}

TEST(Hessian, OfZerosIsZeroAndOfInfinityNotFinite) {
  WorkerPool pool(1);
  std::vector<float> inputs(5 * 20);
  Hessian hessian(20);
  hessian.Add({std::span<const float>(inputs), 20}, pool);
  Hessian of_zeros(20);
  of_zeros.Add({std::span<const float>(inputs), 20}, pool);
  const Buffer<float> zeros = of_zeros.TakeNormalised();
  for (const float value : zeros.span()) EXPECT_EQ(value, 0);
  inputs[33] = std::numeric_limits<float>::infinity();
  hessian.Add({std::span<const float>(inputs), 20}, pool);
  EXPECT_FALSE(hessian.is_finite());
}

}  // namespace
}  // namespace hlwq::calibrate
