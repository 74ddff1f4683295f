// The matrices that a tensor is coded as, and where they go in the output.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "checkpoint/catalog.h"
#include "tensor/shape.h"

namespace hlwq::convert {

// A conversion holds a little memory for each matrix; more than this is taken for a broken file.
inline constexpr uint64_t kMaxMatrices = uint64_t{1} << 20;

// A 2-D tensor itself, or the slices of a fused [E, out, in] one.
struct TensorMatrices {
  uint64_t count = 1;
  MatrixShape matrix;
};
// @pre two or three axes.
TensorMatrices MatricesOf(const Shape& shape);

// "x.gate_up_proj_e7" for a slice, the tensor's name for a whole one.
std::string MatrixName(std::string_view tensor, const Shape& shape, uint64_t slice);

// Numbers the groups of OutputTensor::group: tensors are stored in the order they are asked for,
// except that the matrices of one expert follow each other, so that a reader fetches an expert with
// one long read.
class OutputGroups {
 public:
  uint64_t GroupOf(const checkpoint::TensorSpec& spec, uint64_t slice);

 private:
  std::map<std::pair<int, uint64_t>, uint64_t> group_of_expert_;  // by layer and expert
  uint64_t next_ = 0;
};

}  // namespace hlwq::convert
