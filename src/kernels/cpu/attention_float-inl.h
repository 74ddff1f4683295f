// Products of attention with the floats of a tile, for one target.
//
// They are sums in order of the inner index in every lane, so that the result of a row is the same
// whichever rows are computed with it.
#if defined(HLWQ_KERNELS_CPU_ATTENTION_FLOAT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_ATTENTION_FLOAT_INL_H_
#undef HLWQ_KERNELS_CPU_ATTENTION_FLOAT_INL_H_
#else
#define HLWQ_KERNELS_CPU_ATTENTION_FLOAT_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/cpu/attention_scratch-inl.h"
#include "kernels/cpu/float_rows-inl.h"
#include "kernels/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// b [count, n]: rows `stride` bytes apart.
struct Operand {
  TileMemory from;
  size_t stride;
  size_t count;
};

// sums[row][n] = keep[row] * sums[row][n] + sum over k of a[row][k] * b[k][n], for kVectors vectors
// of columns n. Without `keep` the sums begin with zero.
template <class Format, size_t kRows, size_t kVectors>
HWY_INLINE void AddProducts(const float* const* a, const Operand& b, const float* keep,
                            float* const* sums, size_t column) {
  constexpr DF d;
  VF sum[kRows][kVectors];
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t n = 0; n < kVectors; ++n) {
      sum[row][n] = keep == nullptr ? hn::Zero(d)
                                    : hn::Mul(hn::Set(d, keep[row]),
                                              hn::Load(d, sums[row] + column + n * kLanes));
    }
  }
  const uint8_t* from = b.from.at + column * Format::kBytes;
  // Fetched at the pace of reading, as one piece: processors do not foresee the jump. A single row
  // is done as fast as they can.
  constexpr size_t kRead = kVectors * kLanes * Format::kBytes;
  const uint8_t* next = b.from.next + column * Format::kBytes * b.count;
  for (size_t k = 0; k < b.count; ++k, from += b.stride, next += kRead) {
    VF columns[kVectors];
    for (size_t n = 0; n < kVectors; ++n) {
      columns[n] = Format::LoadNumber(d, from + n * kLanes * Format::kBytes);
    }
    if constexpr (Format::kBytes == 2 && kRows > 1) {  // floats were widened: they are at hand
      for (size_t n = 0; n < kRead; n += 64) hwy::Prefetch(next + n);
    }
    for (size_t row = 0; row < kRows; ++row) {
      const VF factor = hn::Set(d, a[row][k]);
      for (size_t n = 0; n < kVectors; ++n) {
        sum[row][n] = hn::MulAdd(factor, columns[n], sum[row][n]);
      }
    }
  }
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t n = 0; n < kVectors; ++n) {
      hn::Store(sum[row][n], d, sums[row] + column + n * kLanes);
    }
  }
}

// Sums that registers hold, in vectors: enough of them that none waits for the one before.
constexpr size_t VectorsAtOnce(size_t rows) {
  const size_t vectors = (kManyRegisters ? 16 : 8) / rows;
  return vectors >= 8 ? 8 : vectors >= 4 ? 4 : vectors >= 2 ? 2 : 1;
}

// The same for columns [column, columns), a multiple of kLanes.
template <class Format, size_t kRows, size_t kVectors = VectorsAtOnce(kRows)>
HWY_INLINE void AddColumns(const float* const* a, const Operand& b, const float* keep,
                           float* const* sums, size_t column, size_t columns) {
  for (; column + kVectors * kLanes <= columns; column += kVectors * kLanes) {
    AddProducts<Format, kRows, kVectors>(a, b, keep, sums, column);
  }
  if constexpr (kVectors > 1) {
    if (column < columns) {
      AddColumns<Format, kRows, kVectors / 2>(a, b, keep, sums, column, columns);
    }
  }
}

// The same for up to kMostRowsAtOnce rows.
template <class Format>
HWY_NOINLINE HWY_ATTR void AddRows(size_t rows, const float* const* a, const Operand& b,
                                   const float* keep, float* const* sums, size_t columns) {
  switch (rows) {
    case 1:
      return AddColumns<Format, 1>(a, b, keep, sums, 0, columns);
    case 2:
      return AddColumns<Format, 2>(a, b, keep, sums, 0, columns);
    case 3:
      return AddColumns<Format, 3>(a, b, keep, sums, 0, columns);
    case 4:
      return AddColumns<Format, 4>(a, b, keep, sums, 0, columns);
    case 5:
      return AddColumns<Format, 5>(a, b, keep, sums, 0, columns);
    case 6:
      return AddColumns<Format, 6>(a, b, keep, sums, 0, columns);
    case 7:
      return AddColumns<Format, 7>(a, b, keep, sums, 0, columns);
    default:
      return AddColumns<Format, 8>(a, b, keep, sums, 0, columns);
  }
}

// keys [depth, kKvTile] of dimensions from `first_dim` on -> scores[row][0 .. columns).
template <class Format>
HWY_INLINE void ScoreRows(const RowsOfTile& tile, const Operand& keys, size_t first_dim,
                          size_t columns, AttentionScratch& scratch) {
  static constexpr float kOnes[kMostRowsAtOnce] = {1, 1, 1, 1, 1, 1, 1, 1};
  for (size_t first = tile.first; first < tile.last; first += tile.AtOnce()) {
    const size_t rows = HWY_MIN(tile.AtOnce(), tile.last - first);
    const float* queries[kMostRowsAtOnce];
    float* scores[kMostRowsAtOnce];
    for (size_t row = 0; row < rows; ++row) {
      queries[row] = scratch.queries + (first + row) * scratch.stride + first_dim;
      scores[row] = scratch.scores + (first + row) * kKvTile;
    }
    AddRows<Format>(rows, queries, keys, first_dim == 0 ? nullptr : kOnes, scores, columns);
  }
}

// scores[row][0 .. columns) of the tile.
template <class Format>
HWY_INLINE void Score(const RowsOfTile& tile, const TileMemory& keys, size_t head_dim,
                      size_t columns, AttentionScratch& scratch) {
  constexpr size_t kStride = kKvTile * Format::kBytes;
  if (Format::kBytes == 4 || tile.IsFew()) {
    return ScoreRows<Format>(tile, {keys, kStride, head_dim}, 0, columns, scratch);
  }
  for (size_t first = 0; first < head_dim; first += kWideColumns) {
    const size_t depth = HWY_MIN(kWideColumns, head_dim - first);
    for (size_t i = 0; i < depth; ++i) {
      const uint8_t* HWY_RESTRICT from = keys.at + (first + i) * kStride;
      for (size_t n = 0; n < columns; n += kLanes) {
        hn::Store(Format::LoadNumber(DF(), from + n * Format::kBytes), DF(),
                  scratch.wide + i * kKvTile + n);
      }
    }
    const auto* wide = reinterpret_cast<const uint8_t*>(scratch.wide);
    ScoreRows<F32Format>(tile, {{wide, wide}, kKvTile * sizeof(float), depth}, first, columns,
                         scratch);
  }
}

// A few rows and what to add to their sums.
struct WeighedRows {
  size_t rows = 0;
  const float* weights[kMostRowsAtOnce];
  float* sums[kMostRowsAtOnce];
  float keep[kMostRowsAtOnce];

  // Adds values [begin, end) times their weights to rows [first, last).
  template <class Format>
  HWY_INLINE void Add(size_t first, size_t last, const Operand& values, size_t begin, size_t end,
                      size_t columns) {
    if (begin >= end) return;
    const float* from[kMostRowsAtOnce];
    for (size_t row = first; row < last; ++row) from[row] = weights[row] + begin;
    const size_t skipped = begin * values.stride;
    const Operand part = {
        {values.from.at + skipped, values.from.next + skipped}, values.stride, end - begin};
    AddRows<Format>(last - first, from + first, part, keep + first, sums + first, columns);
    std::fill(keep + first, keep + last, 1.0f);
  }
};

// Columns from `first_column` on of the values [position, columns].
template <class Format>
HWY_INLINE void WeighRows(const RowsOfTile& tile, const Operand& values, size_t first_column,
                          size_t columns, AttentionScratch& scratch) {
  for (size_t first = tile.first; first < tile.last; first += tile.AtOnce()) {
    WeighedRows at;
    at.rows = HWY_MIN(tile.AtOnce(), tile.last - first);
    size_t begins[kMostRowsAtOnce], ends[kMostRowsAtOnce];
    size_t begin = 0, end = kKvTile;  // what all of them see
    for (size_t row = 0; row < at.rows; ++row) {
      at.weights[row] = scratch.scores + (first + row) * kKvTile;
      at.sums[row] = scratch.sums.values + (first + row) * scratch.stride + first_column;
      at.keep[row] = scratch.sums.keep[first + row];
      begins[row] = tile.Begin(scratch, first + row);
      ends[row] = tile.End(scratch, first + row);
      begin = HWY_MAX(begin, begins[row]);
      end = HWY_MIN(end, ends[row]);
    }
    if (begin >= end) begin = end = kKvTile;  // nothing in common
    // A value that a row does not see must not even be multiplied by zero: it may be infinite.
    for (size_t row = 0; row < at.rows; ++row) {
      at.Add<Format>(row, row + 1, values, begins[row], HWY_MIN(begin, ends[row]), columns);
    }
    at.Add<Format>(0, at.rows, values, begin, end, columns);
    for (size_t row = 0; row < at.rows; ++row) {
      at.Add<Format>(row, row + 1, values, HWY_MAX(end, begins[row]), ends[row], columns);
    }
  }
}

template <class Format>
HWY_INLINE void WeighValues(const RowsOfTile& tile, const TileMemory& values, size_t begin,
                            size_t end, size_t head_dim, AttentionScratch& scratch) {
  const size_t stride = head_dim * Format::kBytes;
  // Rows that are not whole vectors are filled up by the conversion.
  if (head_dim % kLanes == 0 && (Format::kBytes == 4 || tile.IsFew())) {
    return WeighRows<Format>(tile, {values, stride, kKvTile}, 0, head_dim, scratch);
  }
  for (size_t first = 0; first < head_dim; first += kWideColumns) {
    const size_t columns = HWY_MIN(kWideColumns, head_dim - first);
    for (size_t i = begin; i < end; ++i) {
      const uint8_t* HWY_RESTRICT from = values.at + i * stride + first * Format::kBytes;
      float* HWY_RESTRICT to = scratch.wide + i * kWideColumns;
      size_t n = 0;
      for (; n + kLanes <= columns; n += kLanes) {
        hn::Store(Format::LoadNumber(DF(), from + n * Format::kBytes), DF(), to + n);
      }
      if (n < columns) {
        hn::Store(LoadFirstAs<Format>(from + n * Format::kBytes, columns - n), DF(), to + n);
      }
    }
    const auto* wide = reinterpret_cast<const uint8_t*>(scratch.wide);
    WeighRows<F32Format>(tile, {{wide, wide}, kWideColumns * sizeof(float), kKvTile}, first,
                         hwy::RoundUpTo(columns, kLanes), scratch);
  }
}

// values [kKvTile, head_dim], of which positions [begin, end) are filled.
template <class Format>
HWY_INLINE void Weigh(const RowsOfTile& tile, const TileMemory& values, size_t begin, size_t end,
                      size_t head_dim, AttentionScratch& scratch) {
  WeighValues<Format>(tile, values, begin, end, head_dim, scratch);
  std::fill(scratch.sums.keep + tile.first, scratch.sums.keep + tile.last, 1.0f);
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
