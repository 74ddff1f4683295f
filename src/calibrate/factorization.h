// H + damping * I = (I + U) D (I + U)^T, and what is solved by it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/worker_pool.h"
#include "tensor/buffer.h"

namespace hlwq::calibrate {

// Rows of the factor that are worked on together.
inline constexpr size_t kFactorRows = 96;

// Of a matrix H [n, n] that is symmetric and positive semidefinite, in its place. In blocks of columns, so that
// most of the work is products of matrices: n^3 / 3 multiply-adds. Results do not depend on the number of threads.
class Factorization {
 public:
  Factorization(Buffer<float> hessian, size_t columns, WorkerPool& pool);

  // Again for another damping, if need be. False where rounding took away what damping gave, as columns
  // depend on each other too much.
  bool Run(float damping);

  // [n, n]: U above the diagonal, and D [n].
  const Buffer<float>& u() const noexcept { return u_; }
  const Buffer<float>& d() const noexcept { return d_; }

  // H again, both halves; everything else is used up.
  Buffer<float> TakeHessian();

  // rows [m, n] <- rows (H + damping I)^-1, once Run returned true. Cost: m n^2 multiply-adds.
  void SolveRows(std::span<float> rows) const;

 private:
  Buffer<float> u_;  // below the diagonal the Hessian stays
  Buffer<float> d_;
  std::vector<float> diagonal_;  // of the Hessian
  size_t columns_ = 0;
  WorkerPool& pool_;

  float* Row(size_t row) { return u_.data() + row * columns_; }
  const float* Row(size_t row) const { return u_.data() + row * columns_; }
  // Puts H + damping I above the diagonal.
  void Restore(float damping);
  void Subtract(size_t begin, size_t end);
  bool FactorDiagonal(size_t begin, size_t end, float least);
  void Divide(size_t begin, size_t end);
};

}  // namespace hlwq::calibrate
