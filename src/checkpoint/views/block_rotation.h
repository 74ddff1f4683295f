// Multiplies a matrix with block-diagonal Walsh-Hadamard rotations, at either side.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "checkpoint/views/row_change.h"

namespace hlwq::checkpoint {

// The block that vectors of this width are rotated by: the largest power of two up to 128 that
// divides it. @pre width > 0.
uint64_t RotationBlock(uint64_t width) noexcept;

struct RotationSides {
  uint64_t column_block = 1;  // a power of two that divides the columns; 1 leaves them
  uint64_t row_block = 1;     // one that divides the rows; 1 leaves them
  // [in]; column c is multiplied by factor c before anything else. Null: by 1. Shared by the
  // matrices that read one vector.
  std::shared_ptr<const std::vector<float>> column_factors;
};

// W <- R W diag(factors) Q, R and Q block-diagonal with blocks H_n / sqrt(n), H_n the Walsh-Hadamard
// matrix of order n in natural order (docs/format.md, "Transform"). Without factors it is its own
// inverse, up to rounding. A vector is a matrix of one row. Cost: log2(n) additions a weight and
// side.
class BlockRotation final : public RowChange {
 public:
  explicit BlockRotation(RotationSides sides) : sides_(std::move(sides)) {}

  uint64_t row_block() const noexcept override { return sides_.row_block; }
  void Apply(RowRange rows, std::span<float> weights) const override;

 private:
  RotationSides sides_;
};

}  // namespace hlwq::checkpoint
