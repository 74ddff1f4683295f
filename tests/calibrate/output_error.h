// What coding with feedback does to the outputs of a matrix.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "calibrate/factor.h"
#include "calibrate/hessian.h"
#include "codec/codec.h"
#include "tensor/buffer.h"
#include "tests/codec/coded_matrix.h"

namespace hlwq::test {

// Of inputs [tokens, columns].
inline Buffer<float> HessianOf(const std::vector<float>& inputs, size_t columns) {
  WorkerPool pool(2);
  calibrate::Hessian hessian(columns);
  hessian.Add({std::span<const float>(inputs), columns}, pool);
  return hessian.TakeNormalised();
}

inline Buffer<float> Copy(const Buffer<float>& from) {
  Buffer<float> copy(from.size());
  std::ranges::copy(from.span(), copy.data());
  return copy;
}

// Of a codec, as a calibration makes it.
inline std::shared_ptr<const codec::Feedback> FactoredFor(
    const codec::Codec& codec, const Buffer<float>& hessian, size_t columns, double damping,
    std::optional<calibrate::ColumnOrder> order = std::nullopt) {
  WorkerPool pool(2);
  const calibrate::ColumnOrder its_own = codec.takes_any_order()
                                             ? calibrate::ColumnOrder::kLargestFirst
                                             : calibrate::ColumnOrder::kAsTheyLie;
  return calibrate::FactorFeedback(calibrate::InFeedbackBasis(Copy(hessian), columns, codec, pool),
                                   codec.FeedbackColumns(columns), damping, order.value_or(its_own),
                                   pool);
}

// sum over rows of e H e^T, the errors e in the basis of the weights.
inline double OutputError(const codec::Codec& codec, const std::vector<float>& weights,
                          const CodedMatrix& coded, const Buffer<float>& hessian, size_t columns) {
  std::vector<float> decoded(weights.size());
  codec.DecodeRows(coded.ConstParts(), columns, decoded);
  double total = 0;
  for (size_t row = 0; row < weights.size() / columns; ++row) {
    for (size_t i = 0; i < columns; ++i) {
      const double error = double{weights[row * columns + i]} - decoded[row * columns + i];
      for (size_t j = 0; j < columns; ++j) {
        total += error * hessian[i * columns + j] *
                 (double{weights[row * columns + j]} - decoded[row * columns + j]);
      }
    }
  }
  return total;
}

}  // namespace hlwq::test
