// How the rows of a derived tensor come from those of its origin (checkpoint::DerivedStorage).
#pragma once

#include <cstdint>
#include <span>

#include "tensor/shape.h"

namespace hlwq::checkpoint {

// Immutable; all members may be called from any number of threads at once.
class RowChange {
 public:
  virtual ~RowChange() = default;

  // Rows are changed in runs of as many, counted from the derived tensor's first row; a divisor of
  // the number of its rows, and of the rows of a slice where it is fused.
  virtual uint64_t row_block() const noexcept { return 1; }

  // Changes `weights` [rows, in], row-major, in place. `rows` consists of whole runs.
  virtual void Apply(RowRange rows, std::span<float> weights) const = 0;
};

}  // namespace hlwq::checkpoint
