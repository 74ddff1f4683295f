// Sums of outer products for one target: columns of both sides are copied together, token by token, so that a
// tile of sums stays in registers while all tokens of a panel go by.
#if defined(HLWQ_KERNELS_CPU_OUTER_PRODUCTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_OUTER_PRODUCTS_INL_H_
#undef HLWQ_KERNELS_CPU_OUTER_PRODUCTS_INL_H_
#else
#define HLWQ_KERNELS_CPU_OUTER_PRODUCTS_INL_H_
#endif

#include <algorithm>
#include <cstddef>

#include "hwy/highway.h"
#include "kernels/cpu/lanes-inl.h"
#include "kernels/row_span.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {
namespace outer {

constexpr size_t kVectors = 3;                    // of the right side,
constexpr size_t kLeft = kManyRegisters ? 8 : 4;  // by columns of the left: sums in registers
constexpr size_t kRight = kVectors * kLanes;
constexpr size_t kTokens = 128;
constexpr size_t kMostLeft = 96;  // columns that are copied at once

struct Scratch {
  alignas(64) float left[kTokens * kMostLeft];  // [tile, token, kLeft]
  alignas(64) float right[kTokens * kRight];    // [token, kRight]
  alignas(64) float sums[kLeft * kRight] = {};  // of a tile that is not whole
};

// `width` columns of `rows`, at `first`, zeros beyond: [token, kWidth].
template <size_t kWidth>
HWY_INLINE void Copy(RowSpan<const float> rows, size_t first, float* HWY_RESTRICT to) {
  const size_t width = std::min(kWidth, rows.width - first);
  const float* HWY_RESTRICT from = rows.data + first;
  for (size_t token = 0; token < rows.rows; ++token, from += rows.stride, to += kWidth) {
    if (width == kWidth) {
      std::copy_n(from, kWidth, to);
    } else {
      std::fill(std::copy_n(from, width, to), to + kWidth, 0.0f);
    }
  }
}

HWY_INLINE void AddTile(const float* HWY_RESTRICT left, const float* HWY_RESTRICT right,
                        size_t tokens, float* HWY_RESTRICT sums, size_t stride) {
  VF sum[kLeft][kVectors];
  for (size_t i = 0; i < kLeft; ++i) {
    for (size_t v = 0; v < kVectors; ++v) {
      sum[i][v] = hn::LoadU(DF(), sums + i * stride + v * kLanes);
    }
  }
  for (size_t token = 0; token < tokens; ++token, left += kLeft, right += kRight) {
    VF values[kVectors];
    for (size_t v = 0; v < kVectors; ++v) values[v] = hn::Load(DF(), right + v * kLanes);
    for (size_t i = 0; i < kLeft; ++i) {
      const VF factor = hn::Set(DF(), left[i]);
      for (size_t v = 0; v < kVectors; ++v) sum[i][v] = hn::MulAdd(factor, values[v], sum[i][v]);
    }
  }
  for (size_t i = 0; i < kLeft; ++i) {
    for (size_t v = 0; v < kVectors; ++v) {
      hn::StoreU(sum[i][v], DF(), sums + i * stride + v * kLanes);
    }
  }
}

// The same for a tile at an edge, `rows` by `width`.
HWY_INLINE void AddEdge(const float* left, size_t tokens, size_t rows, size_t width, float* sums,
                        size_t stride, Scratch& scratch) {
  for (size_t i = 0; i < rows; ++i) {
    std::copy_n(sums + i * stride, width, scratch.sums + i * kRight);
  }
  AddTile(left, scratch.right, tokens, scratch.sums, kRight);
  for (size_t i = 0; i < rows; ++i) {
    std::copy_n(scratch.sums + i * kRight, width, sums + i * stride);
  }
}

// Of at most kTokens tokens and kMostLeft columns of the left.
HWY_INLINE void AddPanels(RowSpan<const float> left, RowSpan<const float> right, float* sums,
                          size_t stride, Scratch& scratch) {
  const size_t tokens = left.rows;
  for (size_t i = 0; i < left.width; i += kLeft) {
    Copy<kLeft>(left, i, scratch.left + i * tokens);
  }
  for (size_t k = 0; k < right.width; k += kRight) {
    Copy<kRight>(right, k, scratch.right);
    const size_t width = std::min(kRight, right.width - k);
    for (size_t i = 0; i < left.width; i += kLeft) {
      const size_t rows = std::min(kLeft, left.width - i);
      const float* factors = scratch.left + i * tokens;
      float* tile = sums + i * stride + k;
      if (rows == kLeft && width == kRight) {
        AddTile(factors, scratch.right, tokens, tile, stride);
      } else {
        AddEdge(factors, tokens, rows, width, tile, stride, scratch);
      }
    }
  }
}

}  // namespace outer

HWY_ATTR void AddOuterProductsOn(RowSpan<const float> left, RowSpan<const float> right, float* sums,
                                 size_t stride) {
  outer::Scratch scratch;
  for (size_t i = 0; i < left.width; i += outer::kMostLeft) {
    const auto columns = left.Columns(i, std::min(outer::kMostLeft, left.width - i));
    for (size_t token = 0; token < left.rows; token += outer::kTokens) {
      const TokenRange some = {token, std::min(token + outer::kTokens, left.rows)};
      outer::AddPanels(columns[some], right[some], sums + i * stride, stride, scratch);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
