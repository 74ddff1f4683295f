// Attention of some query heads to one head of the cache, for one target.
//
// Rows are pairs of query and head. For each tile of kKvTile positions: scores of up to kMostRows
// rows, softmax of each row relative to the largest score so far, products with the values. Both
// products are sums in order of the inner index in every lane, so that the result of a row is the
// same whichever rows are computed with it.
#if defined(HLWQ_KERNELS_CPU_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_ATTENTION_INL_H_
#undef HLWQ_KERNELS_CPU_ATTENTION_INL_H_
#else
#define HLWQ_KERNELS_CPU_ATTENTION_INL_H_
#endif

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "hwy/highway.h"
#include "kernels/attention.h"
#include "kernels/cpu/exp-inl.h"
#include "kernels/cpu/float_rows-inl.h"
#include "kernels/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

constexpr size_t kMostRows = 64;
constexpr size_t kRowsAtOnce = 4;  // x kVectorsAtOnce sums in registers
constexpr size_t kVectorsAtOnce = kManyRegisters ? 4 : 2;
constexpr size_t kWideColumns = 128;  // head dimensions converted at a time
constexpr float kNoScore = -std::numeric_limits<float>::infinity();

// A row of the problem and the state of its softmax.
struct AttentionRow {
  const float* q;
  float* out;
  size_t begin, end;  // the positions it sees
  float largest;      // score so far
  float sum;          // of e^(score - largest)
};

struct AttentionScratch {
  alignas(64) float scores[kMostRows * kKvTile];
  alignas(64) float wide[kKvTile * kWideColumns];  // keys or values of a tile as floats
  AttentionRow rows[kMostRows];
};

HWY_INLINE void ScaleInPlace(VF factor, float* HWY_RESTRICT values, size_t count) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    hn::StoreU(hn::Mul(hn::LoadU(DF(), values + i), factor), DF(), values + i);
  }
  for (; i < count; ++i) values[i] *= hn::GetLane(factor);
}

// b [count, n]: rows `stride` bytes apart.
struct Operand {
  const uint8_t* from;
  size_t stride;
  size_t count;
};

// sums[row][n] += sum over k of a[row][k] * b[k][n], for kVectors vectors of columns n. With
// `is_first` the sums begin with zero.
template <class Format, size_t kRows, size_t kVectors, class D>
HWY_INLINE void AddProducts(D d, const float* const* a, const Operand& b, bool is_first,
                            float* const* sums) {
  constexpr size_t kWidth = hn::MaxLanes(D());
  hn::Vec<D> sum[kRows][kVectors];
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t n = 0; n < kVectors; ++n) {
      sum[row][n] = is_first ? hn::Zero(d) : hn::LoadU(d, sums[row] + n * kWidth);
    }
  }
  const uint8_t* HWY_RESTRICT from = b.from;
  for (size_t k = 0; k < b.count; ++k, from += b.stride) {
    hn::Vec<D> columns[kVectors];
    for (size_t n = 0; n < kVectors; ++n) {
      columns[n] = Format::LoadNumber(d, from + n * kWidth * Format::kBytes);
    }
    for (size_t row = 0; row < kRows; ++row) {
      const auto factor = hn::Set(d, a[row][k]);
      for (size_t n = 0; n < kVectors; ++n) {
        sum[row][n] = hn::MulAdd(factor, columns[n], sum[row][n]);
      }
    }
  }
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t n = 0; n < kVectors; ++n) hn::StoreU(sum[row][n], d, sums[row] + n * kWidth);
  }
}

// The same for `columns` columns, any number.
template <class Format, size_t kRows, class D>
HWY_INLINE void AddColumns(D d, const float* const* a, Operand b, bool is_first,
                           float* const* all_sums, size_t columns) {
  constexpr size_t kWidth = hn::MaxLanes(D());
  float* sums[kRows];
  std::copy_n(all_sums, kRows, sums);
  const auto advance = [&](size_t done) HWY_ATTR {
    b.from += done * Format::kBytes;
    for (float*& sum : sums) sum += done;
    columns -= done;
  };
  while (columns >= kVectorsAtOnce * kWidth) {
    AddProducts<Format, kRows, kVectorsAtOnce>(d, a, b, is_first, sums);
    advance(kVectorsAtOnce * kWidth);
  }
  while (columns >= kWidth) {
    AddProducts<Format, kRows, 1>(d, a, b, is_first, sums);
    advance(kWidth);
  }
  if constexpr (kWidth > 1) {
    for (size_t row = 0; columns > 0 && row < kRows; ++row) {
      AddColumns<Format, 1>(hn::CappedTag<float, kWidth / 2>(), a + row, b, is_first, sums + row,
                            columns);
    }
  }
}

// The same for up to kRowsAtOnce rows.
template <class Format>
HWY_INLINE void AddRows(size_t rows, const float* const* a, const Operand& b, bool is_first,
                        float* const* sums, size_t columns) {
  switch (rows) {
    case 1:
      return AddColumns<Format, 1>(DF(), a, b, is_first, sums, columns);
    case 2:
      return AddColumns<Format, 2>(DF(), a, b, is_first, sums, columns);
    case 3:
      return AddColumns<Format, 3>(DF(), a, b, is_first, sums, columns);
    default:
      return AddColumns<Format, 4>(DF(), a, b, is_first, sums, columns);
  }
}

// Rows [first, end) of the scratch and the tile from position `base` on that all of them see.
struct RowsOfTile {
  size_t first, end;
  size_t base;

  size_t count() const { return end - first; }
  // Positions of the tile that the row sees, relative to it.
  size_t Begin(const AttentionRow& row) const { return row.begin > base ? row.begin - base : 0; }
  size_t End(const AttentionRow& row) const { return HWY_MIN(row.end - base, kKvTile); }
};

// keys [head_dim, kKvTile] -> scores.
template <class Format>
HWY_INLINE void ScoreRows(const RowsOfTile& tile, const uint8_t* keys, size_t depth, size_t columns,
                          size_t first_dim, AttentionScratch& scratch) {
  for (size_t first = tile.first; first < tile.end; first += kRowsAtOnce) {
    const size_t rows = HWY_MIN(kRowsAtOnce, tile.end - first);
    const float* queries[kRowsAtOnce] = {};
    float* scores[kRowsAtOnce] = {};
    for (size_t row = 0; row < rows; ++row) {
      queries[row] = scratch.rows[first + row].q + first_dim;
      scores[row] = scratch.scores + (first + row) * kKvTile;
    }
    AddRows<Format>(rows, queries, {keys, kKvTile * Format::kBytes, depth}, first_dim == 0, scores,
                    columns);
  }
}

// scores[row][0 .. columns) of the tile.
template <class Format>
HWY_INLINE void Score(const RowsOfTile& tile, const uint8_t* HWY_RESTRICT keys, size_t head_dim,
                      size_t columns, AttentionScratch& scratch) {
  // Few rows convert as they go; for many it pays to convert once.
  if (Format::kBytes == 4 || tile.count() <= kRowsAtOnce) {
    return ScoreRows<Format>(tile, keys, head_dim, columns, 0, scratch);
  }
  for (size_t first = 0; first < head_dim; first += kWideColumns) {
    const size_t depth = HWY_MIN(kWideColumns, head_dim - first);
    for (size_t i = 0; i < depth; ++i) {
      const uint8_t* HWY_RESTRICT from = keys + (first + i) * kKvTile * Format::kBytes;
      for (size_t n = 0; n < columns; n += kLanes) {
        hn::Store(Format::LoadNumber(DF(), from + n * Format::kBytes), DF(),
                  scratch.wide + i * kKvTile + n);
      }
    }
    ScoreRows<F32Format>(tile, reinterpret_cast<const uint8_t*>(scratch.wide), depth, columns,
                         first, scratch);
  }
}

// Turns the scores [begin, end) of the row into e^(score - largest so far) and brings the sums so
// far to the same reference.
HWY_INLINE void SoftmaxRow(size_t begin, size_t end, float scale, size_t head_dim,
                           AttentionRow& row, float* HWY_RESTRICT scores) {
  const size_t first = begin / kLanes * kLanes;
  VF most = hn::Set(DF(), kNoScore);
  for (size_t i = first; i < end; i += kLanes) {
    VF score = hn::Mul(hn::Load(DF(), scores + i), hn::Set(DF(), scale));
    if (i < begin || i + kLanes > end) {
      const VI at = hn::Iota(DI(), static_cast<int32_t>(i));
      const auto seen = hn::And(hn::Gt(at, hn::Set(DI(), static_cast<int32_t>(begin) - 1)),
                                hn::Lt(at, hn::Set(DI(), static_cast<int32_t>(end))));
      score = hn::IfThenElse(hn::RebindMask(DF(), seen), score, hn::Set(DF(), kNoScore));
    }
    hn::Store(score, DF(), scores + i);
    most = hn::Max(most, score);
  }
  const float largest = HWY_MAX(row.largest, MaxLane(most));
  // Without any score there is nothing to be relative to.
  const VF reference = hn::Set(DF(), largest == kNoScore ? 0 : largest);
  VF sum = hn::Zero(DF());
  for (size_t i = first; i < end; i += kLanes) {
    const VF weight = Exp(hn::Sub(hn::Load(DF(), scores + i), reference));
    hn::Store(weight, DF(), scores + i);
    sum = hn::Add(sum, weight);
  }
  if (largest != row.largest) {
    const VF shrink = Exp(hn::Sub(hn::Set(DF(), row.largest), reference));
    row.sum *= hn::GetLane(shrink);
    ScaleInPlace(shrink, row.out, head_dim);
    row.largest = largest;
  }
  row.sum += SumLanes(sum);
}

// out[row] += sum over positions [begin, end) of weight * value.
template <class Format>
HWY_INLINE void AddValues(size_t rows, const float* const* weights, const Operand& values,
                          size_t begin, size_t end, float* const* out, size_t columns) {
  if (begin >= end) return;
  const float* from[kRowsAtOnce] = {};
  for (size_t row = 0; row < rows; ++row) from[row] = weights[row] + begin;
  AddRows<Format>(rows, from, {values.from + begin * values.stride, values.stride, end - begin},
                  false, out, columns);
}

// Adds columns [first_column, first_column + columns) of the values [position, columns].
template <class Format>
HWY_INLINE void WeighRows(const RowsOfTile& tile, const Operand& values, size_t first_column,
                          size_t columns, AttentionScratch& scratch) {
  for (size_t first = tile.first; first < tile.end; first += kRowsAtOnce) {
    const size_t rows = HWY_MIN(kRowsAtOnce, tile.end - first);
    const float* weights[kRowsAtOnce] = {};
    float* out[kRowsAtOnce] = {};
    size_t begins[kRowsAtOnce], ends[kRowsAtOnce];
    size_t begin = 0, end = kKvTile;  // what all of them see
    for (size_t row = 0; row < rows; ++row) {
      const AttentionRow& at = scratch.rows[first + row];
      weights[row] = scratch.scores + (first + row) * kKvTile;
      out[row] = at.out + first_column;
      begins[row] = tile.Begin(at);
      ends[row] = tile.End(at);
      begin = HWY_MAX(begin, begins[row]);
      end = HWY_MIN(end, ends[row]);
    }
    if (begin >= end) begin = end = kKvTile;  // nothing in common
    // A value that a row does not see must not even be multiplied by zero: it may be infinite.
    for (size_t row = 0; row < rows; ++row) {
      AddValues<Format>(1, weights + row, values, begins[row], HWY_MIN(begin, ends[row]), out + row,
                        columns);
    }
    AddValues<Format>(rows, weights, values, begin, end, out, columns);
    for (size_t row = 0; row < rows; ++row) {
      AddValues<Format>(1, weights + row, values, HWY_MAX(end, begins[row]), ends[row], out + row,
                        columns);
    }
  }
}

// values [kKvTile, head_dim], of which positions [begin, end) are filled.
template <class Format>
HWY_INLINE void Weigh(const RowsOfTile& tile, const uint8_t* HWY_RESTRICT values, size_t begin,
                      size_t end, size_t head_dim, AttentionScratch& scratch) {
  const size_t stride = head_dim * Format::kBytes;
  if (Format::kBytes == 4 || tile.count() <= kRowsAtOnce) {
    return WeighRows<Format>(tile, {values, stride, kKvTile}, 0, head_dim, scratch);
  }
  for (size_t first = 0; first < head_dim; first += kWideColumns) {
    const size_t columns = HWY_MIN(kWideColumns, head_dim - first);
    for (size_t i = begin; i < end; ++i) {
      const uint8_t* HWY_RESTRICT from = values + i * stride + first * Format::kBytes;
      float* HWY_RESTRICT to = scratch.wide + i * kWideColumns;
      size_t n = 0;
      for (; n + kLanes <= columns; n += kLanes) {
        hn::Store(Format::LoadNumber(DF(), from + n * Format::kBytes), DF(), to + n);
      }
      if (n < columns) {
        hn::Store(LoadFirstAs<Format>(from + n * Format::kBytes, columns - n), DF(), to + n);
      }
    }
    WeighRows<F32Format>(
        tile,
        {reinterpret_cast<const uint8_t*>(scratch.wide), kWideColumns * sizeof(float), kKvTile},
        first, columns, scratch);
  }
}

// scratch.rows[0 .. count), in the order of their queries.
template <class Format>
HWY_INLINE void AttendRows(const KvPages& cache, size_t kv_head, float scale, size_t count,
                           AttentionScratch& scratch) {
  AttentionRow* rows = scratch.rows;
  const size_t page_tiles = cache.page_tokens / kKvTile;
  const size_t tile_bytes = kKvTile * cache.head_dim * Format::kBytes;
  const size_t end = rows[count - 1].end;
  RowsOfTile tile = {0, 0, rows[0].begin / kKvTile * kKvTile};
  for (; tile.base < end; tile.base += kKvTile) {
    while (rows[tile.first].end <= tile.base) ++tile.first;
    while (tile.end < count && rows[tile.end].begin < tile.base + kKvTile) ++tile.end;
    const size_t index = tile.base / kKvTile;
    const KvPage& page = cache.pages[index / page_tiles];
    const size_t offset = (kv_head * page_tiles + index % page_tiles) * tile_bytes;
    const size_t filled = tile.End(rows[tile.end - 1]);
    Score<Format>(tile, reinterpret_cast<const uint8_t*>(page.keys) + offset, cache.head_dim,
                  (filled + kLanes - 1) / kLanes * kLanes, scratch);
    for (size_t row = tile.first; row < tile.end; ++row) {
      SoftmaxRow(tile.Begin(rows[row]), tile.End(rows[row]), scale, cache.head_dim, rows[row],
                 scratch.scores + row * kKvTile);
    }
    Weigh<Format>(tile, reinterpret_cast<const uint8_t*>(page.values) + offset,
                  tile.Begin(rows[tile.first]), filled, cache.head_dim, scratch);
  }
}

template <class Format>
HWY_ATTR void AttendTo(const AttentionProblem& problem, const KvPages& cache, size_t kv_head,
                       size_t query_begin, size_t query_end) {
  AttentionScratch scratch;
  const size_t group = problem.heads / cache.kv_heads;
  const size_t all_rows = (query_end - query_begin) * group;
  for (size_t first = 0; first < all_rows; first += kMostRows) {
    const size_t count = HWY_MIN(kMostRows, all_rows - first);
    for (size_t i = 0; i < count; ++i) {
      const size_t query = query_begin + (first + i) / group;
      const size_t column = (kv_head * group + (first + i) % group) * cache.head_dim;
      const size_t position = problem.first_position + query;
      AttentionRow& row = scratch.rows[i];
      row.q = problem.q + query * problem.q_stride + column;
      row.out = problem.out + query * problem.out_stride + column;
      row.end = position + 1;
      row.begin = problem.window == 0 || problem.window > position ? 0 : row.end - problem.window;
      row.largest = kNoScore;
      row.sum = 0;
      std::fill_n(row.out, cache.head_dim, 0.0f);
    }
    AttendRows<Format>(cache, kv_head, problem.scale, count, scratch);
    for (size_t i = 0; i < count; ++i) {
      const AttentionRow& row = scratch.rows[i];
      const VF share = hn::Set(DF(), row.sum == 0 ? 0 : 1 / row.sum);
      ScaleInPlace(share, row.out, cache.head_dim);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
