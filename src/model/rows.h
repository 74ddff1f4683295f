// Activations of the tokens of a pass, one row each.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/row_span.h"
#include "tensor/buffer.h"

namespace hlwq::model {

// Rows of a [tokens, width] buffer.
struct Rows {
  Buffer<float> data;
  size_t width = 0;

  Rows() = default;
  Rows(size_t tokens, size_t row_width) : data(tokens * row_width), width(row_width) {}
  std::span<float> operator[](size_t token) noexcept {
    return data.span().subspan(token * width, width);
  }
  std::span<const float> operator[](size_t token) const noexcept {
    return data.span().subspan(token * width, width);
  }
  kernels::RowSpan<float> operator[](kernels::TokenRange range) noexcept {
    kernels::RowSpan<float> rows = data.span().subspan(range.begin * width, range.size() * width);
    rows.rows = range.size();
    rows.width = rows.stride = width;
    return rows;
  }
};

}  // namespace hlwq::model
