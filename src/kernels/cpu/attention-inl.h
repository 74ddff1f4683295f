// Attention of some query heads to one head of the cache, for one target.
//
// Rows are pairs of query and head. For each tile of kKvTile positions: scores of up to kMostRows
// rows, softmax of each row relative to the largest score so far, products with the values. The result
// of a row is the same whichever rows are computed with it.
#if defined(HLWQ_KERNELS_CPU_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_ATTENTION_INL_H_
#undef HLWQ_KERNELS_CPU_ATTENTION_INL_H_
#else
#define HLWQ_KERNELS_CPU_ATTENTION_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/attention.h"
#include "kernels/cpu/attention_arguments.h"
#include "kernels/cpu/attention_coded-inl.h"
#include "kernels/cpu/attention_float-inl.h"
#include "kernels/cpu/attention_scratch-inl.h"
#include "kernels/cpu/exp-inl.h"
#include "kernels/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

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
HWY_INLINE void Softmax(const RowsOfTile& tile, AttentionScratch& s, CodedScratch* coded) {
  alignas(64) float before[kMostRows] = {}, reference[kMostRows] = {}, keep[kMostRows];
  alignas(64) float most[kMostRows] = {};
  for (size_t row = tile.first; row < tile.last; ++row) {
    before[row] = s.largest[row];
    most[row] = LargestScore(tile.Begin(s, row), tile.End(s, row), s.scores + row * kKvTile);
    s.largest[row] = HWY_MAX(before[row], most[row]);
    // Without any score there is nothing to be relative to.
    reference[row] = s.largest[row] == kNoScore ? 0 : s.largest[row];
  }
  for (size_t row = tile.first / kLanes * kLanes; row < tile.last; row += kLanes) {
    const VF change = hn::Sub(hn::Load(DF(), before + row), hn::Load(DF(), reference + row));
    hn::Store(ExpOfNegative(change), DF(), keep + row);
    if (coded != nullptr) {
      const VF peak = hn::Sub(hn::Load(DF(), most + row), hn::Load(DF(), reference + row));
      hn::Store(ExpOfNegative(peak), DF(), coded->peaks + row);
    }
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
    s.weight_sum[row] = s.weight_sum[row] * keep[row] + SumLanes(sum);
    s.sums.keep[row] *= keep[row];
    if (coded != nullptr) coded->sums.keep[row] *= keep[row];
  }
}

// The keys and values of one head.
template <class Format>
class PlainHead {
 public:
  PlainHead(const KvPages& cache, size_t kv_head, size_t last_tile)
      : cache_(cache), kv_head_(kv_head), last_tile_(last_tile) {}

  // Rows of the tile, all of which see it plain.
  HWY_INLINE void Attend(const RowsOfTile& tile, AttentionScratch& scratch,
                         CodedScratch* coded) const {
    if (tile.count() == 0) return;
    const size_t filled = tile.End(scratch, tile.last - 1);
    const size_t index = tile.base / kKvTile, next = HWY_MIN(index + 1, last_tile_);
    const uint8_t* keys = At(cache_.keys_offset, index);
    const uint8_t* values = At(cache_.values_offset, index);
    // The next tile may be coded: then there is nothing to be fetched early.
    const uint8_t* after = coded == nullptr ? At(cache_.keys_offset, next) : keys;
    Score<Format>(tile, {keys, values}, cache_.head_dim, hwy::RoundUpTo(filled, kLanes), scratch);
    Softmax(tile, scratch, coded);
    Weigh<Format>(tile, {values, after}, tile.Begin(scratch, tile.first), filled, cache_.head_dim,
                  scratch);
  }

 private:
  const KvPages& cache_;
  size_t kv_head_, last_tile_;

  HWY_INLINE const uint8_t* At(size_t offset, size_t index) const {
    const size_t page_tiles = cache_.page_tokens / kKvTile;
    const size_t tile_bytes = kKvTile * cache_.head_dim * Format::kBytes;
    const auto* page = reinterpret_cast<const uint8_t*>(cache_.pages[index / page_tiles]) + offset;
    return page + (kv_head_ * page_tiles + index % page_tiles) * tile_bytes;
  }
};

// The same of coded pages, seen by all rows of the tile.
HWY_INLINE void ScoreTile(const RowsOfTile& tile, const CodedTile& keys, AttentionScratch& scratch,
                          CodedScratch& coded) {
  switch (keys.layout.bits) {
    case 2:
      return ScoreCodes<CodedLevels<2>>(tile, keys, scratch, coded);
    case 3:
      return ScoreCodes<CodedLevels<3>>(tile, keys, scratch, coded);
    case 4:
      return ScoreCodes<CodedLevels<4>>(tile, keys, scratch, coded);
    case 8:
      return ScoreCodes<PlainLevels>(tile, keys, scratch, coded);
    default:
      return Score<F16Format>(tile, {keys.at, keys.at}, keys.layout.shape.head_dim, kKvTile,
                              scratch);
  }
}

HWY_INLINE void WeighTile(const RowsOfTile& tile, const CodedTile& values,
                          AttentionScratch& scratch, CodedScratch& coded) {
  switch (values.layout.bits) {
    case 2:
      return WeighCodes<CodedLevels<2>>(tile, values, scratch, coded);
    case 3:
      return WeighCodes<CodedLevels<3>>(tile, values, scratch, coded);
    case 4:
      return WeighCodes<CodedLevels<4>>(tile, values, scratch, coded);
    case 8:
      return WeighCodes<PlainLevels>(tile, values, scratch, coded);
    default:
      return Weigh<F16Format>(tile, {values.at, values.at}, tile.Begin(scratch, tile.first),
                              kKvTile, values.layout.shape.head_dim, scratch);
  }
}

// `last_page` is the last one that is read.
HWY_INLINE void AttendCodedTile(const RowsOfTile& tile, const CodedKvPages& pages, size_t kv_head,
                                size_t last_page, AttentionScratch& scratch, CodedScratch& coded) {
  if (tile.count() == 0) return;
  const size_t page = tile.base / kKvTile, next = HWY_MIN(page + 1, last_page);
  const auto at = [](const std::byte* from) { return reinterpret_cast<const uint8_t*>(from); };
  ScoreTile(tile,
            {pages.keys, at(pages.key_tile(page, kv_head)), at(pages.key_tile(next, kv_head))},
            scratch, coded);
  Softmax(tile, scratch, &coded);
  WeighTile(
      tile,
      {pages.values, at(pages.value_tile(page, kv_head)), at(pages.value_tile(next, kv_head))},
      scratch, coded);
}

// What a row got from a span of positions: its largest score, the sum of weights relative to that, and the
// weighted values [head_dim], rotated back.
constexpr size_t kPartSums = kAttentionPartFloats;  // where the values begin

HWY_INLINE bool IsEmptyPart(const float* part) { return part[0] == kNoScore && part[1] == 0; }

// Adds a part to `sum`, one as well.
HWY_INLINE void MergePart(const float* HWY_RESTRICT part, size_t head_dim,
                          float* HWY_RESTRICT sum) {
  if (IsEmptyPart(part)) return;
  if (IsEmptyPart(sum)) {
    std::copy_n(part, kPartSums + head_dim, sum);
    return;
  }
  const float most = HWY_MAX(sum[0], part[0]);
  const float kept = hn::GetLane(ExpOfNegative(hn::Set(DF(), sum[0] - most)));
  const float factor = hn::GetLane(ExpOfNegative(hn::Set(DF(), part[0] - most)));
  sum[0] = most;
  for (size_t i = 1; i < kPartSums + head_dim; ++i) sum[i] = sum[i] * kept + part[i] * factor;
}

// to = factor * from.
HWY_INLINE void Scale(const float* HWY_RESTRICT from, float factor, float* HWY_RESTRICT to,
                      size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = from[i] * factor;
}

HWY_INLINE void FinishPart(const float* HWY_RESTRICT part, size_t head_dim,
                           float* HWY_RESTRICT out) {
  Scale(part + kPartSums, part[1] == 0 ? 0 : 1 / part[1], out, head_dim);
}

// Rows [0, count) of the scratch, in the order of their queries, and positions of one span.
template <class Format, bool kIsCoded>
HWY_INLINE void AttendRows(const KvPages& cache, const CodedKvPages* coded_pages, size_t kv_head,
                           size_t count, size_t span, AttentionScratch& scratch,
                           CodedScratch* coded) {
  const size_t end = HWY_MIN(scratch.end[count - 1], (span + 1) * kAttentionSpan);
  const size_t begin = HWY_MAX(scratch.begin[0] / kKvTile * kKvTile, span * kAttentionSpan);
  if (begin >= end) return;
  const PlainHead<Format> head(cache, kv_head, (end - 1) / kKvTile);
  RowsOfTile tile = {0, 0, begin};
  for (; tile.base < end; tile.base += kKvTile) {
    while (scratch.end[tile.first] <= tile.base) ++tile.first;
    while (tile.last < count && scratch.begin[tile.last] < tile.base + kKvTile) ++tile.last;
    size_t plain = tile.last;  // rows before see the tile as it is
    if constexpr (kIsCoded) {
      if (tile.base / kKvTile >= coded_pages->first_page) {
        plain = tile.first;
        while (plain < tile.last && scratch.end[plain] <= tile.base + kKvTile) ++plain;
      }
    }
    head.Attend({tile.first, plain, tile.base}, scratch, coded);
    if constexpr (kIsCoded) {
      AttendCodedTile({plain, tile.last, tile.base}, *coded_pages, kv_head,
                      HWY_MAX(tile.base, end - kKvTile) / kKvTile, scratch, *coded);
    }
  }
}

// Before a span.
HWY_INLINE void ResetRows(size_t count, AttentionScratch& scratch, CodedScratch* coded) {
  std::fill_n(scratch.largest, kMostRows, kNoScore);
  std::fill_n(scratch.weight_sum, kMostRows, 0.0f);
  for (WeightedSums* sums : {&scratch.sums, coded == nullptr ? nullptr : &coded->sums}) {
    if (sums == nullptr) continue;
    std::fill_n(sums->keep, kMostRows, 1.0f);
    std::fill_n(sums->values, count * scratch.stride, 0.0f);
  }
}

// After it.
HWY_INLINE void TakePart(const CodedKvPages* pages, size_t row, size_t head_dim,
                         AttentionScratch& scratch, const CodedScratch* coded,
                         float* HWY_RESTRICT part) {
  part[0] = scratch.largest[row];
  part[1] = scratch.weight_sum[row];
  const float* HWY_RESTRICT sums = scratch.sums.values + row * scratch.stride;
  if (coded == nullptr) {
    std::copy_n(sums, head_dim, part + kPartSums);
    return;
  }
  Scale(sums, scratch.sums.keep[row], part + kPartSums, head_dim);
  if (!pages->values.is_plain()) {
    AddRotatedBack(pages->values.shape, row, scratch, *coded, part + kPartSums);
  }
}

template <class Format, bool kIsCoded>
HWY_ATTR void AttendTo(const AttentionProblem& problem, const KvPages& cache,
                       const CodedKvPages* coded_pages, size_t kv_head, size_t query_begin,
                       size_t query_end, const SpansToAttend& spans, CodedScratch* coded) {
  AttentionScratch scratch;
  alignas(64) float sums[kRowFloats + kMostRows * kPartSums];
  alignas(64) float part[kMostHeadDim + kPartSums];
  const size_t head_dim = cache.head_dim, part_floats = kPartSums + head_dim;
  const size_t group = problem.heads / cache.kv_heads;
  const size_t all_rows = (query_end - query_begin) * group;
  scratch.stride = hwy::RoundUpTo(head_dim, 16);
  const size_t most_rows = HWY_MIN(kMostRows, kRowFloats / scratch.stride);
  for (size_t first = 0; first < all_rows; first += most_rows) {
    const size_t count = HWY_MIN(most_rows, all_rows - first);
    const auto query = [&](size_t row) { return query_begin + (first + row) / group; };
    const auto head = [&](size_t row) { return kv_head * group + (first + row) % group; };
    for (size_t row = 0; row < count; ++row) {
      Scale(problem.q + query(row) * problem.q_stride + head(row) * head_dim, problem.scale,
            scratch.queries + row * scratch.stride, head_dim);
      const size_t end = problem.first_position + query(row) + 1;
      scratch.end[row] = end;
      scratch.begin[row] = problem.window == 0 || problem.window >= end ? 0 : end - problem.window;
      sums[row * part_floats] = kNoScore;
      sums[row * part_floats + 1] = 0;
    }
    if (coded != nullptr && !coded_pages->keys.is_plain()) {
      PrepareQueries(coded_pages->keys.shape, count, scratch, *coded);
    }
    for (size_t span = spans.first; span < spans.last; ++span) {
      ResetRows(count, scratch, coded);
      AttendRows<Format, kIsCoded>(cache, coded_pages, kv_head, count, span, scratch, coded);
      for (size_t row = 0; row < count; ++row) {
        float* to = part;
        if (spans.parts != nullptr) {
          to = spans.parts + problem.PartOf(query(row), head(row), span) * part_floats;
        }
        TakePart(coded_pages, row, head_dim, scratch, coded, to);
        if (spans.parts == nullptr) MergePart(part, head_dim, sums + row * part_floats);
      }
    }
    if (spans.parts != nullptr) continue;
    for (size_t row = 0; row < count; ++row) {
      FinishPart(sums + row * part_floats, head_dim,
                 problem.out + query(row) * problem.out_stride + head(row) * head_dim);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
