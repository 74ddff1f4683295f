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

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/attention.h"
#include "kernels/cpu/exp-inl.h"
#include "kernels/cpu/float_rows-inl.h"
#include "kernels/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

constexpr size_t kMostRows = 64;
constexpr size_t kRowFloats = 8192;    // of all rows: 128 dimensions of 64 rows
constexpr size_t kWideColumns = 128;   // head dimensions converted at a time
constexpr size_t kMostRowsAtOnce = 8;  // as many as share what they read without conversion
constexpr size_t kRowsAtOnce = 4;      // of many rows
constexpr float kNoScore = -std::numeric_limits<float>::infinity();

struct AttentionScratch {
  alignas(64) float scores[kMostRows * kKvTile];
  alignas(64) float wide[kKvTile * kWideColumns];  // keys or values of a tile as floats
  alignas(64) float queries[kRowFloats];           // rows of `stride`, times the scale of scores
  alignas(64) float sums[kRowFloats];              // rows of `stride`: weighted values
  // Of each row: the largest score so far, the sum of e^(score - largest), what the sums so far
  // are to be multiplied with as the largest score has changed, and the positions [begin, end) it
  // sees.
  alignas(64) float largest[kMostRows];
  alignas(64) float weight_sum[kMostRows];
  alignas(64) float keep[kMostRows];
  size_t begin[kMostRows], end[kMostRows];
  size_t stride;  // head_dim up to whole vectors, zeros at the end
};

// Keys or values of a tile, and what is read after them: the values of the same tile or the keys of
// the next, of the same size.
struct TileMemory {
  const uint8_t* at;
  const uint8_t* next;
};

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

// Rows [first, last) of the scratch and the tile from position `base` on that all of them see.
struct RowsOfTile {
  size_t first, last;
  size_t base;

  size_t count() const { return last - first; }
  // Rows done together: all of few, which convert as they go; for many it pays to convert once.
  bool IsFew() const { return count() <= kMostRowsAtOnce; }
  size_t AtOnce() const { return IsFew() ? kMostRowsAtOnce : kRowsAtOnce; }
  // Positions of the tile that a row sees, relative to it.
  size_t Begin(const AttentionScratch& s, size_t row) const {
    return s.begin[row] > base ? s.begin[row] - base : 0;
  }
  size_t End(const AttentionScratch& s, size_t row) const {
    return HWY_MIN(s.end[row] - base, kKvTile);
  }
};

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

// The largest of scores [begin, end) of a row. Other scores of the same vectors become kNoScore.
HWY_INLINE float LargestScore(size_t begin, size_t end, float* HWY_RESTRICT scores) {
  VF most = hn::Set(DF(), kNoScore);
  for (size_t i = begin / kLanes * kLanes; i < end; i += kLanes) {
    VF score = hn::Load(DF(), scores + i);
    if (i < begin || i + kLanes > end) {
      const VI at = hn::Iota(DI(), static_cast<int32_t>(i));
      const auto seen = hn::And(hn::Gt(at, hn::Set(DI(), static_cast<int32_t>(begin) - 1)),
                                hn::Lt(at, hn::Set(DI(), static_cast<int32_t>(end))));
      score = hn::IfThenElse(hn::RebindMask(DF(), seen), score, hn::Set(DF(), kNoScore));
      hn::Store(score, DF(), scores + i);
    }
    most = hn::Max(most, score);
  }
  return MaxLane(most);
}

// Turns the scores that the rows see into weights e^(score - largest so far).
HWY_INLINE void Softmax(const RowsOfTile& tile, AttentionScratch& s) {
  alignas(64) float before[kMostRows] = {}, reference[kMostRows] = {};
  for (size_t row = tile.first; row < tile.last; ++row) {
    before[row] = s.largest[row];
    const float most = LargestScore(tile.Begin(s, row), tile.End(s, row), s.scores + row * kKvTile);
    s.largest[row] = HWY_MAX(before[row], most);
    // Without any score there is nothing to be relative to.
    reference[row] = s.largest[row] == kNoScore ? 0 : s.largest[row];
  }
  for (size_t row = tile.first / kLanes * kLanes; row < tile.last; row += kLanes) {
    const VF change = hn::Sub(hn::Load(DF(), before + row), hn::Load(DF(), reference + row));
    hn::Store(ExpOfNegative(change), DF(), s.keep + row);
  }
  for (size_t row = tile.first; row < tile.last; ++row) {
    const VF largest = hn::Set(DF(), reference[row]);
    float* HWY_RESTRICT scores = s.scores + row * kKvTile;
    VF sum = hn::Zero(DF());
    for (size_t i = tile.Begin(s, row) / kLanes * kLanes; i < tile.End(s, row); i += kLanes) {
      const VF weight = ExpOfNegative(hn::Sub(hn::Load(DF(), scores + i), largest));
      hn::Store(weight, DF(), scores + i);
      sum = hn::Add(sum, weight);
    }
    s.weight_sum[row] = s.weight_sum[row] * s.keep[row] + SumLanes(sum);
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
      at.sums[row] = scratch.sums + (first + row) * scratch.stride + first_column;
      at.keep[row] = scratch.keep[first + row];
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

// values [kKvTile, head_dim], of which positions [begin, end) are filled.
template <class Format>
HWY_INLINE void Weigh(const RowsOfTile& tile, const TileMemory& values, size_t begin, size_t end,
                      size_t head_dim, AttentionScratch& scratch) {
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

// Rows [0, count) of the scratch, in the order of their queries.
template <class Format>
HWY_INLINE void AttendRows(const KvPages& cache, size_t kv_head, size_t count,
                           AttentionScratch& scratch) {
  const size_t page_tiles = cache.page_tokens / kKvTile;
  const size_t tile_bytes = kKvTile * cache.head_dim * Format::kBytes;
  const size_t last_tile = (scratch.end[count - 1] - 1) / kKvTile;
  const auto memory = [&](size_t offset, size_t index) {
    const auto* page = reinterpret_cast<const uint8_t*>(cache.pages[index / page_tiles]) + offset;
    return page + (kv_head * page_tiles + index % page_tiles) * tile_bytes;
  };
  RowsOfTile tile = {0, 0, scratch.begin[0] / kKvTile * kKvTile};
  for (; tile.base < scratch.end[count - 1]; tile.base += kKvTile) {
    while (scratch.end[tile.first] <= tile.base) ++tile.first;
    while (tile.last < count && scratch.begin[tile.last] < tile.base + kKvTile) ++tile.last;
    const size_t filled = tile.End(scratch, tile.last - 1);
    const size_t index = tile.base / kKvTile, next = HWY_MIN(index + 1, last_tile);
    const uint8_t* keys = memory(cache.keys_offset, index);
    const uint8_t* values = memory(cache.values_offset, index);
    Score<Format>(tile, {keys, values}, cache.head_dim, hwy::RoundUpTo(filled, kLanes), scratch);
    Softmax(tile, scratch);
    Weigh<Format>(tile, {values, memory(cache.keys_offset, next)}, tile.Begin(scratch, tile.first),
                  filled, cache.head_dim, scratch);
  }
}

// to = factor * from.
HWY_INLINE void Scale(const float* HWY_RESTRICT from, float factor, float* HWY_RESTRICT to,
                      size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = from[i] * factor;
}

template <class Format>
HWY_ATTR void AttendTo(const AttentionProblem& problem, const KvPages& cache, size_t kv_head,
                       size_t query_begin, size_t query_end) {
  AttentionScratch scratch;
  const size_t head_dim = cache.head_dim;
  const size_t group = problem.heads / cache.kv_heads;
  const size_t all_rows = (query_end - query_begin) * group;
  scratch.stride = hwy::RoundUpTo(head_dim, kLanes);
  const size_t most_rows = HWY_MIN(kMostRows, kRowFloats / scratch.stride);
  for (size_t first = 0; first < all_rows; first += most_rows) {
    const size_t count = HWY_MIN(most_rows, all_rows - first);
    const auto place = [&](size_t row, size_t stride) {
      const size_t head = kv_head * group + (first + row) % group;
      return (query_begin + (first + row) / group) * stride + head * head_dim;
    };
    for (size_t row = 0; row < count; ++row) {
      Scale(problem.q + place(row, problem.q_stride), problem.scale,
            scratch.queries + row * scratch.stride, head_dim);
      const size_t end = problem.first_position + query_begin + (first + row) / group + 1;
      scratch.end[row] = end;
      scratch.begin[row] = problem.window == 0 || problem.window >= end ? 0 : end - problem.window;
    }
    std::fill_n(scratch.largest, kMostRows, kNoScore);
    std::fill_n(scratch.weight_sum, kMostRows, 0.0f);
    std::fill_n(scratch.sums, count * scratch.stride, 0.0f);
    AttendRows<Format>(cache, kv_head, count, scratch);
    for (size_t row = 0; row < count; ++row) {
      const float sum = scratch.weight_sum[row];
      Scale(scratch.sums + row * scratch.stride, sum == 0 ? 0 : 1 / sum,
            problem.out + place(row, problem.out_stride), head_dim);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
