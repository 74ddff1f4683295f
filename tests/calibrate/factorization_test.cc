#include "calibrate/factorization.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/calibrate/correlated_inputs.h"
#include "tests/calibrate/output_error.h"
#include "tests/support/portable_gaussian.h"

namespace hlwq::calibrate {
namespace {

// Rows by the inverse, of a few sizes of blocks.
TEST(Factorization, SolvesRows) {
  constexpr size_t kRows = 100;
  constexpr float kDamping = 0.1f;
  WorkerPool pool(2);
  for (const size_t columns : {1, 60, 128, 300}) {
    const Buffer<float> hessian = test::HessianOf(test::CorrelatedInputs(900, columns), columns);
    Factorization factorization(test::Copy(hessian), columns, pool);
    ASSERT_TRUE(factorization.Run(kDamping));
    const std::vector<float> want = test::PortableGaussian(kRows * columns, 1);
    std::vector<float> rows(want.size());
    for (size_t row = 0; row < kRows; ++row) {
      for (size_t k = 0; k < columns; ++k) {
        double sum = 0;
        for (size_t j = 0; j < columns; ++j) {
          const double damped = double{hessian[j * columns + k]} + (j == k ? kDamping : 0);
          sum += want[row * columns + j] * damped;
        }
        rows[row * columns + k] = static_cast<float>(sum);
      }
    }
    factorization.SolveRows(rows);
    for (size_t i = 0; i < rows.size(); ++i) {
      ASSERT_NEAR(rows[i], want[i], 2e-3) << columns << " columns, element " << i;
    }
  }
}

// With too little damping it may have to be done again, and what is left of H must be H.
TEST(Factorization, LeavesTheHessian) {
  constexpr size_t kColumns = 300;
  WorkerPool pool(2);
  const Buffer<float> hessian = test::HessianOf(test::CorrelatedInputs(900, kColumns), kColumns);
  Factorization once(test::Copy(hessian), kColumns, pool),
      again(test::Copy(hessian), kColumns, pool);
  ASSERT_TRUE(once.Run(0.1f));
  ASSERT_TRUE(again.Run(1));
  ASSERT_TRUE(again.Run(0.1f));
  EXPECT_TRUE(std::ranges::equal(again.d().span(), once.d().span()));
  EXPECT_TRUE(std::ranges::equal(again.TakeHessian().span(), hessian.span()));
}

}  // namespace
}  // namespace hlwq::calibrate
