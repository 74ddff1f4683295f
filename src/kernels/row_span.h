// Activations as operations on many tokens take them: rows at equal distances.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include "base/error.h"

namespace hlwq::kernels {

// Consecutive tokens of an input.
struct TokenRange {
  size_t begin = 0, end = 0;
  size_t size() const noexcept { return end - begin; }
};

// Borrowed: row r has the `width` elements from data + r * stride on. A row is a token, or where the
// heads of all tokens lie without gaps, a head. A vector or span is one row.
template <typename T>
struct RowSpan {
  T* data = nullptr;
  size_t rows = 0, width = 0;
  size_t stride = 0;  // elements from one row to the next

  RowSpan() = default;
  // Rows of `row_width` elements without gaps.
  RowSpan(std::span<T> all, size_t row_width) noexcept
      : data(all.data()), rows(all.size() / row_width), width(row_width), stride(row_width) {
    HLWQ_DASSERT(rows * width == all.size());
  }
  template <typename Row>
  requires std::is_convertible_v<Row&&, std::span<T>> RowSpan(Row&& row)
  noexcept : rows(1) {  // NOLINT: implicit on purpose
    const std::span<T> one = row;
    data = one.data();
    width = stride = one.size();
  }
  operator RowSpan<const T>() const noexcept { return RowSpan<const T>::Of(data, *this); }

  std::span<T> operator[](size_t row) const noexcept { return {data + row * stride, width}; }
  RowSpan operator[](TokenRange range) const noexcept {
    HLWQ_DASSERT(range.begin <= range.end && range.end <= rows);
    RowSpan part = Of(data + range.begin * stride, *this);
    part.rows = range.size();
    return part;
  }
  // The `count` elements of each row from `first` on.
  RowSpan Columns(size_t first, size_t count) const noexcept {
    HLWQ_DASSERT(first + count <= width);
    RowSpan part = Of(data + first, *this);
    part.width = count;
    return part;
  }
  // Rows without gaps, cut into shorter ones.
  RowSpan Split(size_t row_width) const noexcept {
    HLWQ_DASSERT(stride == width);
    return {{data, rows * width}, row_width};
  }

  // The shape of another, at another place.
  template <typename Other>
  static RowSpan Of(T* data, const RowSpan<Other>& shape) noexcept {
    RowSpan result;
    result.data = data;
    result.rows = shape.rows;
    result.width = shape.width;
    result.stride = shape.stride;
    return result;
  }
};

}  // namespace hlwq::kernels
