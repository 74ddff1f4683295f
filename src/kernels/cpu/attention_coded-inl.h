// Attention of rows to coded tiles (codec/kv_tile.h), for one target: queries and weights as 16-bit
// integers, exact sums of their products with the levels, in the rotated basis.
#if defined(HLWQ_KERNELS_CPU_ATTENTION_CODED_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_ATTENTION_CODED_INL_H_
#undef HLWQ_KERNELS_CPU_ATTENTION_CODED_INL_H_
#else
#define HLWQ_KERNELS_CPU_ATTENTION_CODED_INL_H_
#endif

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "codec/kv_tile.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/cpu/attention_codes-inl.h"
#include "kernels/cpu/attention_scratch-inl.h"
#include "kernels/cpu/float_rows-inl.h"
#include "kernels/cpu/fwht_row-inl.h"
#include "kernels/cpu/lanes-inl.h"
#include "tensor/float16.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

constexpr size_t kMostGroups = 64;  // of a matrix: of words of 128 dimensions, or tokens
constexpr size_t kQueryWords = 64;  // pairs of the dimensions that share a multiplier, at most
constexpr size_t kWeightWords = kKvTile / 2;
constexpr float kMostInteger = 32767;

// What rows need besides AttentionScratch for tiles that are coded.
struct CodedScratch {
  alignas(64) int32_t queries[kRowFloats / 32 * kQueryWords];  // [multiplier, row, kQueryWords]
  alignas(64) int32_t weights[kMostRows * kWeightWords];       // pair words
  alignas(64) float peaks[kMostRows];        // the largest weight of a row in the tile
  alignas(64) float mean_scores[kMostRows];  // of the mean key of the tile
  alignas(64) float query_steps[kMostRows];  // what a unit of the integers of a row stands for
  alignas(64) float weight_steps[kMostRows];
  alignas(64) uint8_t wide[128 * kKvTile * 2];  // pairs of levels
  WeightedSums sums;                            // in the rotated basis
  size_t rows;                                  // of queries
};

constexpr std::array<uint8_t, kMostGroups> kAllGroups = [] {
  std::array<uint8_t, kMostGroups> groups = {};
  for (size_t i = 0; i < kMostGroups; ++i) groups[i] = static_cast<uint8_t>(i);
  return groups;
}();

// The factor that takes numbers of at most `most` to 16-bit integers, and the unit of these. `check`
// is NaN where a number is none; so are all results then.
struct IntegerScale {
  float factor, step;

  HWY_INLINE IntegerScale(float most, float check) {
    factor = most > 0 ? kMostInteger / most : 0;
    if (!(factor <= std::numeric_limits<float>::max())) factor = 0;  // too small a number
    step = check == check ? most / kMostInteger : check;
  }
};

// Rotates the queries of rows [0, count) and rounds them.
HWY_INLINE void PrepareQueries(const codec::KvHeadShape& shape, size_t count,
                               const AttentionScratch& scratch, CodedScratch& coded) {
  alignas(64) float row[codec::kMostKvHeadDim + 32];
  const size_t padded = hwy::RoundUpTo(shape.head_dim, 32);
  coded.rows = count;
  for (size_t i = 0; i < count; ++i) {
    std::copy_n(scratch.queries + i * scratch.stride, shape.head_dim, row);
    std::fill(row + shape.head_dim, row + padded, 0.0f);
    RotateRow(shape, row);
    VF most = hn::Zero(DF()), check = hn::Zero(DF());
    for (size_t n = 0; n < padded; n += kLanes) {
      const VF magnitude = hn::Abs(hn::Load(DF(), row + n));
      most = hn::Max(most, magnitude);
      check = hn::Add(check, magnitude);
    }
    const IntegerScale scale(MaxLane(most), SumLanes(check));
    for (size_t block = 0; block < shape.multipliers(); ++block) {
      StorePairWords(row + block * shape.scaled, scale.factor, hwy::RoundUpTo(shape.scaled, 32),
                     coded.queries + (block * count + i) * kQueryWords);
    }
    coded.query_steps[i] = scale.step * codec::kKvLevelUnit;
  }
}

// Keys or values of a tile, coded, and those of the tile that comes after it.
struct CodedTile {
  const codec::KvTileLayout& layout;
  const uint8_t* at;
  const uint8_t* next;

  const uint8_t* multipliers(size_t block) const { return at + block * kKvTile * 2; }
  const uint8_t* mean() const { return at + layout.mean_offset(); }
  const uint8_t* mean_scales() const { return at + layout.mean_scales_offset(); }
  const uint8_t* matrix() const { return at + layout.matrix_offset(); }
  ptrdiff_t to_next() const { return next - at; }
  // Of the next tile, what lies before the matrix.
  HWY_INLINE void FetchNextMultipliers() const {
    for (size_t i = 0; i < layout.matrix_offset(); i += 64) hwy::Prefetch(next + i);
  }
};

// A store whose rows are counted from `first` of the scratch on.
template <class Store>
struct RowsFrom {
  static constexpr size_t kLaneMultiple = Store::kLaneMultiple;

  const Store& store;
  size_t first;

  HWY_INLINE void operator()(size_t row, size_t lane, VI sum) const {
    store(first + row, lane, sum);
  }
};

// Many rows, a few at a time; one for all sources.
template <size_t kRowWords, class Store>
HWY_NOINLINE HWY_ATTR void MultiplyWide(const RowsOfTile& tile, const LevelMatrix& matrix,
                                        const int32_t* HWY_RESTRICT words, size_t lanes,
                                        const Store& store) {
  for (size_t first = tile.first; first < tile.last; first += kRowsAtOnce) {
    MultiplyRows<kRowWords, kRowsAtOnce>(
        WideLevels(), matrix, HWY_MIN(kRowsAtOnce, tile.last - first), words + first * kRowWords,
        lanes, RowsFrom<Store>{store, first});
  }
}

// The products of the words of the tile's rows, words [row of the scratch, kRowWords], with the levels: as
// they are for few rows, or written out for many.
template <class Source, size_t kRowWords, class Store>
HWY_INLINE void MultiplyTile(const RowsOfTile& tile, const LevelMatrix& matrix,
                             const int32_t* HWY_RESTRICT words, size_t lanes,
                             uint8_t* HWY_RESTRICT wide, const Store& store) {
  const Source source;
  if (tile.IsFew()) {
    MultiplyRows<kRowWords, kMostRowsAtOnce>(source, matrix, tile.count(),
                                             words + tile.first * kRowWords, lanes,
                                             RowsFrom<Store>{store, tile.first});
  } else {
    MultiplyWide<kRowWords>(tile, Widen(source, matrix, lanes, wide), words, lanes, store);
  }
}

// The scores of the mean key.
HWY_INLINE void ScoreMean(const RowsOfTile& tile, const CodedTile& keys, CodedScratch& coded) {
  const codec::KvHeadShape& shape = keys.layout.shape;
  std::fill(coded.mean_scores + tile.first, coded.mean_scores + tile.last, 0.0f);
  for (size_t block = 0; block < shape.multipliers(); ++block) {
    uint16_t half = 0;
    std::memcpy(&half, keys.mean_scales() + block * sizeof(half), sizeof(half));
    const float scale = F16ToF32(half);
    const uint8_t* levels = keys.mean() + block * shape.scaled;
    for (size_t row = tile.first; row < tile.last; ++row) {
      const int32_t* words = coded.queries + (block * coded.rows + row) * kQueryWords;
      const int32_t sum = SumOfPairs(words, levels, shape.scaled / 2);
      coded.mean_scores[row] += static_cast<float>(sum) * (scale * coded.query_steps[row]);
    }
  }
}

// Makes scores of sums, or adds them to those of the dimensions before.
struct ScoreStore {
  static constexpr size_t kLaneMultiple = kKvTile;

  AttentionScratch& scratch;
  const CodedScratch& coded;
  const uint8_t* multipliers;  // of the keys, F16
  bool is_first;               // of the blocks of dimensions

  HWY_INLINE void operator()(size_t row, size_t lane, VI sum) const {
    float* HWY_RESTRICT to = scratch.scores + row * kKvTile + lane;
    const VF step = hn::Set(DF(), coded.query_steps[row]);
    const VF multiplier = F16Format::LoadNumber(DF(), multipliers + lane * sizeof(uint16_t));
    const VF score = hn::Mul(hn::Mul(hn::ConvertTo(DF(), sum), step), multiplier);
    const VF before = is_first ? hn::Set(DF(), coded.mean_scores[row]) : hn::Load(DF(), to);
    hn::Store(hn::Add(before, score), DF(), to);
  }
};

// scores[row] of all tokens of the tile.
template <class Source>
HWY_NOINLINE HWY_ATTR void ScoreCodes(const RowsOfTile& tile, const CodedTile& keys,
                                      AttentionScratch& scratch, CodedScratch& coded) {
  const codec::KvHeadShape& shape = keys.layout.shape;
  const codec::KvMatrixLayout matrix = keys.layout.matrix();
  const size_t blocks = shape.multipliers();
  const size_t groups = matrix.groups() / blocks;  // of one multiplier
  ScoreMean(tile, keys, coded);
  keys.FetchNextMultipliers();
  for (size_t block = 0; block < blocks; ++block) {
    const LevelMatrix levels = {keys.matrix() + block * groups * matrix.group_bytes(),
                                matrix.block_bytes(), kAllGroups.data(), groups, keys.to_next()};
    MultiplyTile<Source, kQueryWords>(
        tile, levels, coded.queries + block * coded.rows * kQueryWords, kKvTile, coded.wide,
        ScoreStore{scratch, coded, keys.multipliers(block), block == 0});
  }
}

// Those of a tile and block of dimensions.
struct TileMultipliers {
  alignas(64) float values[kKvTile];
  float most = 0;  // of those that are numbers
  bool has_nan = false;

  HWY_INLINE explicit TileMultipliers(const uint8_t* HWY_RESTRICT from) {
    VF largest = hn::Zero(DF()), check = hn::Zero(DF());
    for (size_t n = 0; n < kKvTile; n += kLanes) {
      const VF multiplier = F16Format::LoadNumber(DF(), from + n * sizeof(uint16_t));
      hn::Store(multiplier, DF(), values + n);
      largest = hn::Max(largest, hn::IfThenZeroElse(hn::IsNaN(multiplier), multiplier));
      check = hn::Add(check, multiplier);
    }
    most = MaxLane(largest);
    const float sum = SumLanes(check);
    has_nan = !(sum == sum);
  }
};

// Turns the weights of a row, times the multipliers of a block, into integers. Those below kLeastKvWeight
// of the sum so far count as none: they are no part of the result.
HWY_INLINE void PrepareWeights(const RowsOfTile& tile, size_t row,
                               const TileMultipliers& multipliers, const AttentionScratch& scratch,
                               CodedScratch& coded) {
  const VF least = hn::Set(DF(), scratch.weight_sum[row] * kLeastKvWeight);
  const size_t begin = tile.Begin(scratch, row) / kLanes * kLanes;
  alignas(64) float weights[kKvTile];
  VF check = hn::Zero(DF());
  std::fill(weights, weights + begin, 0.0f);
  for (size_t n = begin; n < kKvTile; n += kLanes) {
    const VF weight = hn::Load(DF(), scratch.scores + row * kKvTile + n);
    const VF product = hn::Mul(weight, hn::Load(DF(), multipliers.values + n));
    const VF counted = hn::IfThenElseZero(hn::Gt(weight, least), product);
    check = hn::Add(check, counted);
    hn::Store(counted, DF(), weights + n);
  }
  const IntegerScale scale(coded.peaks[row] * multipliers.most,
                           multipliers.has_nan ? SumLanes(check) : 0);
  StorePairWords(weights, scale.factor, kKvTile, coded.weights + row * kWeightWords);
  coded.weight_steps[row] = scale.step * codec::kKvLevelUnit;
}

// The groups of `words` words of tokens that any of rows [first, last) gives weight to.
HWY_INLINE size_t WeightedGroups(const CodedScratch& coded, size_t first, size_t last, size_t words,
                                 uint8_t* HWY_RESTRICT groups) {
  size_t count = 0;
  for (size_t group = 0; group < kWeightWords / words; ++group) {
    uint64_t any = 0;
    for (size_t row = first; row < last; ++row) {
      const int32_t* HWY_RESTRICT from = coded.weights + row * kWeightWords + group * words;
      for (size_t i = 0; i < words; i += 2) {
        uint64_t two = 0;
        std::memcpy(&two, from + i, sizeof(two));
        any |= two;
      }
    }
    groups[count] = static_cast<uint8_t>(group);
    count += any != 0 ? 1 : 0;
  }
  return count;
}

// What WeighCodes does to the sums of a block where nothing has weight.
HWY_INLINE void KeepSums(const RowsOfTile& tile, size_t block, size_t scaled,
                         const AttentionScratch& scratch, CodedScratch& coded) {
  for (size_t row = tile.first; row < tile.last; ++row) {
    float* HWY_RESTRICT sums = coded.sums.values + row * scratch.stride + block * scaled;
    if (coded.sums.keep[row] == 1) continue;
    for (size_t i = 0; i < scaled; ++i) sums[i] *= coded.sums.keep[row];
  }
}

// Adds to the weighted values, times what they are still to be multiplied with.
struct SumStore {
  static constexpr size_t kLaneMultiple = 16;

  CodedScratch& coded;
  size_t stride;
  size_t first_dim;  // of the block of dimensions

  HWY_INLINE void operator()(size_t row, size_t lane, VI sum) const {
    float* HWY_RESTRICT to = coded.sums.values + row * stride + first_dim + lane;
    const VF keep = hn::Set(DF(), coded.sums.keep[row]);
    const VF step = hn::Set(DF(), coded.weight_steps[row]);
    const VF before = hn::Mul(keep, hn::Load(DF(), to));
    hn::Store(hn::MulAdd(hn::ConvertTo(DF(), sum), step, before), DF(), to);
  }
};

// Adds the values times their weights to the sums.
template <class Source>
HWY_NOINLINE HWY_ATTR void WeighCodes(const RowsOfTile& tile, const CodedTile& values,
                                      AttentionScratch& scratch, CodedScratch& coded) {
  const codec::KvHeadShape& shape = values.layout.shape;
  const codec::KvMatrixLayout matrix = values.layout.matrix();
  const size_t lanes = hwy::RoundUpTo(shape.scaled, 16);
  values.FetchNextMultipliers();
  for (size_t block = 0; block < shape.multipliers(); ++block) {
    const TileMultipliers multipliers(values.multipliers(block));
    for (size_t row = tile.first; row < tile.last; ++row) {
      PrepareWeights(tile, row, multipliers, scratch, coded);
    }
    LevelMatrix levels = {values.matrix() + block * (shape.scaled / 16) * matrix.block_bytes(),
                          matrix.block_bytes(), kAllGroups.data(), matrix.groups(),
                          values.to_next()};
    uint8_t groups[kMostGroups];
    if (tile.IsFew()) {
      levels.groups = groups;
      levels.count = WeightedGroups(coded, tile.first, tile.last, Source::kWords, groups);
    }
    if (levels.count == 0) {
      KeepSums(tile, block, shape.scaled, scratch, coded);
      continue;
    }
    MultiplyTile<Source, kWeightWords>(tile, levels, coded.weights, lanes, coded.wide,
                                       SumStore{coded, scratch.stride, block * shape.scaled});
  }
  std::fill(coded.sums.keep + tile.first, coded.sums.keep + tile.last, 1.0f);
}

// out [head_dim] += the sums of a row, rotated back.
HWY_INLINE void AddRotatedBack(const codec::KvHeadShape& shape, size_t row,
                               const AttentionScratch& scratch, const CodedScratch& coded,
                               float* HWY_RESTRICT out) {
  alignas(64) float values[codec::kMostKvHeadDim + 32];
  const float* HWY_RESTRICT from = coded.sums.values + row * scratch.stride;
  for (size_t i = 0; i < shape.head_dim; ++i) values[i] = from[i] * coded.sums.keep[row];
  RotateRow(shape, values);
  for (size_t i = 0; i < shape.head_dim; ++i) out[i] += values[i];
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
