// How the rows of a matrix lie in a stretch of bytes.
#pragma once

#include <cstdint>

#include "base/checked.h"
#include "tensor/shape.h"

namespace hlwq {

// Units of `bytes` each, one after another, that hold `rows` consecutive rows. The last unit of a
// matrix is whole even where fewer rows are left for it.
struct RowUnits {
  uint64_t bytes = 0;
  uint64_t rows = 1;

  bool operator==(const RowUnits&) const = default;

  // The units that hold rows.
  RowRange UnitsOf(RowRange range) const noexcept {
    return {range.begin / rows, CeilDiv(range.end, rows)};
  }
  // Where the unit of a row begins.
  uint64_t OffsetOf(uint64_t row) const noexcept { return row / rows * bytes; }
  uint64_t BytesOf(RowRange range) const noexcept {
    return range.size() == 0 ? 0 : UnitsOf(range).size() * bytes;
  }
  uint64_t BytesOf(uint64_t count) const noexcept { return BytesOf(RowRange{0, count}); }
};

}  // namespace hlwq
