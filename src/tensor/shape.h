// Shapes, outermost axis first, and their sizes computed without wrapping.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tensor/dtype.h"

namespace hlwq {

using Shape = std::vector<uint64_t>;

// Product of the axes (1 for a scalar); empty on overflow of 64 bits.
std::optional<uint64_t> ElementCount(const Shape& shape) noexcept;
// Bytes of a dense tensor; empty on overflow or when sub-byte elements do not fill whole bytes.
std::optional<uint64_t> TensorBytes(DType dtype, const Shape& shape) noexcept;

// "[4096, 1024]", for messages.
std::string ShapeToString(const Shape& shape);

// A weight matrix [out, in]: out rows (output features) of in inputs.
struct MatrixShape {
  uint64_t out = 0;
  uint64_t in = 0;

  bool operator==(const MatrixShape&) const = default;
};

// A range of rows, [begin, end).
struct RowRange {
  uint64_t begin = 0;
  uint64_t end = 0;

  uint64_t size() const noexcept { return end - begin; }
};

}  // namespace hlwq
