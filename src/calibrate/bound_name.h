// The names of a model's matrices, as conversions say them.
#pragma once

#include <optional>
#include <string>

#include "convert/matrices.h"
#include "model/model.h"

namespace hlwq::calibrate {

// Of a fused tensor the slice. Nothing for a matrix that was not bound from a tensor.
inline std::optional<std::string> BoundName(const model::Model& model,
                                            const model::StoredMatrix& matrix) {
  const auto bound = model.BoundTo(matrix);
  if (!bound) return std::nullopt;
  const convert::TensorMatrices matrices = convert::MatricesOf(bound->entry->shape);
  return convert::MatrixName(bound->entry->name, bound->entry->shape,
                             bound->first / matrices.matrix.out);
}

}  // namespace hlwq::calibrate
