// What attention keeps of the rows it computes together, pairs of query and head.
#if defined(HLWQ_KERNELS_CPU_ATTENTION_SCRATCH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_ATTENTION_SCRATCH_INL_H_
#undef HLWQ_KERNELS_CPU_ATTENTION_SCRATCH_INL_H_
#else
#define HLWQ_KERNELS_CPU_ATTENTION_SCRATCH_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <limits>

#include "hwy/highway.h"
#include "kernels/attention.h"
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

// Weighted values of the rows.
struct WeightedSums {
  alignas(64) float values[kRowFloats];  // rows of AttentionScratch::stride
  // Of each row: what its sums are still to be multiplied with, as the largest score has changed.
  alignas(64) float keep[kMostRows];
};

struct AttentionScratch {
  alignas(64) float scores[kMostRows * kKvTile];
  alignas(64) float wide[kKvTile * kWideColumns];  // keys or values of a tile as floats
  alignas(64) float queries[kRowFloats];           // rows of `stride`, times the scale of scores
  WeightedSums sums;
  // Of each row: the largest score so far, the sum of e^(score - largest), and the positions
  // [begin, end) it sees.
  alignas(64) float largest[kMostRows];
  alignas(64) float weight_sum[kMostRows];
  size_t begin[kMostRows], end[kMostRows];
  size_t stride;  // head_dim up to whole blocks of 16, zeros at the end
};

// Keys or values of a tile, and what is read after them: the values of the same tile or the keys of
// the next, of the same size.
struct TileMemory {
  const uint8_t* at;
  const uint8_t* next;
};

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

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
