#include "kernels/encode_kv.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/error.h"
#include "codec/gaussian_tables.h"
#include "kernels/cpu/encode_kv_arguments.h"
#include "kernels/cpu/target.h"
#include "tensor/float16.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/encode_kv.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#include "kernels/cpu/encode_kv-inl.h"

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(RotateColumnsOn);
HWY_EXPORT(EncodeColumnsOn);

namespace {

using codec::kMostKvHeadDim;

constexpr size_t kParts = codec::kKvTile / kKvEncodeTokens;
constexpr float kMostHalf = 65504;

float HalfAt(const std::byte* from, size_t index) noexcept {
  uint16_t half = 0;
  std::memcpy(&half, from + 2 * index, sizeof(half));
  return F16ToF32(half);
}

// vectors [head_dim, kKvEncodeTokens] of tokens from `first` on.
void LoadColumns(const codec::KvTileLayout& layout, const std::byte* from, size_t first,
                 float* vectors) noexcept {
  const size_t head_dim = layout.shape.head_dim;
  const size_t token_stride = layout.is_keys ? 1 : head_dim;
  const size_t stride = layout.is_keys ? codec::kKvTile : 1;
  for (size_t i = 0; i < head_dim; ++i) {
    for (size_t n = 0; n < kKvEncodeTokens; ++n) {
      vectors[i * kKvEncodeTokens + n] = HalfAt(from, i * stride + (first + n) * token_stride);
    }
  }
}

// Codes the mean of rotated vectors [kParts, head_dim, kKvEncodeTokens] and takes it, as it is decoded, from
// each. None of a block with a value that is no number.
void SubtractMean(const codec::KvTileLayout& layout, float* vectors, std::byte* to) noexcept {
  const codec::KvHeadShape& shape = layout.shape;
  const size_t part = shape.head_dim * kKvEncodeTokens;
  float means[kMostKvHeadDim];
  for (size_t i = 0; i < shape.head_dim; ++i) {
    float sum = 0;
    for (size_t token = 0; token < codec::kKvTile; ++token) {
      sum +=
          vectors[token / kKvEncodeTokens * part + i * kKvEncodeTokens + token % kKvEncodeTokens];
    }
    means[i] = sum / codec::kKvTile;
  }
  for (size_t first = 0; first < shape.head_dim; first += shape.scaled) {
    float most = 0, all = 0;
    for (size_t i = first; i < first + shape.scaled; ++i) {
      most = std::max(most, std::abs(means[i]));
      all += std::abs(means[i]);
    }
    if (!std::isfinite(all)) continue;
    const uint16_t half = F32ToF16(std::min(most / (127 * codec::kKvLevelUnit), kMostHalf));
    const float step = F16ToF32(half) * codec::kKvLevelUnit;
    if (step == 0) continue;
    std::memcpy(to + layout.mean_scales_offset() + first / shape.scaled * sizeof(half), &half,
                sizeof(half));
    for (size_t i = first; i < first + shape.scaled; ++i) {
      const float level = std::clamp(std::nearbyint(means[i] / step), -127.0f, 127.0f);
      to[layout.mean_offset() + codec::KvMeanPlace(i)] =
          static_cast<std::byte>(static_cast<int8_t>(level));
      for (size_t token = 0; token < codec::kKvTile; ++token) {
        vectors[token / kKvEncodeTokens * part + i * kKvEncodeTokens + token % kKvEncodeTokens] -=
            level * step;
      }
    }
  }
}

// The codes of tokens from `first` on, found [head_dim, kKvEncodeTokens], to where the matrix has them.
void PutCodes(const codec::KvTileLayout& layout, const int32_t* found, size_t first,
              uint8_t* codes) noexcept {
  const size_t head_dim = layout.shape.head_dim;
  for (size_t i = 0; i < head_dim; ++i) {
    for (size_t n = 0; n < kKvEncodeTokens; ++n) {
      const size_t place =
          layout.is_keys ? i * codec::kKvTile + first + n : (first + n) * head_dim + i;
      codes[place] = static_cast<uint8_t>(found[i * kKvEncodeTokens + n]);
    }
  }
}

}  // namespace

void EncodeKvTile(const codec::KvTileLayout& layout, const std::byte* from,
                  std::byte* to) noexcept {
  const codec::KvHeadShape& shape = layout.shape;
  HLWQ_DASSERT(shape.head_dim <= kMostKvHeadDim);
  if (layout.is_plain()) {
    std::memcpy(to, from, layout.bytes());
    return;
  }
  const KvColumns columns = {
      .bits = layout.bits,
      .rotations = shape.head_dim / shape.rotation,
      .rotation = shape.rotation,
      .scaled = shape.scaled,
      .largest_level = layout.bits == 8
                           ? 0
                           : codec::GaussianLevels(codec::kTableLloydMax, layout.bits).back() /
                                 (127 * codec::kKvLevelUnit)};
  alignas(64) float vectors[codec::kKvTile * kMostKvHeadDim];
  alignas(64) int32_t found[kMostKvHeadDim * kKvEncodeTokens];
  alignas(64) uint16_t multipliers[kMostKvHeadDim / 8 * kKvEncodeTokens];
  alignas(64) uint8_t codes[kMostKvHeadDim * codec::kKvTile];
  const size_t part = shape.head_dim * kKvEncodeTokens;
  for (size_t i = 0; i < kParts; ++i) {
    LoadColumns(layout, from, i * kKvEncodeTokens, vectors + i * part);
    HWY_DYNAMIC_DISPATCH(RotateColumnsOn)(columns, vectors + i * part);
  }
  std::memset(to + layout.mean_offset(), 0, layout.mean_bytes());
  if (layout.is_keys) SubtractMean(layout, vectors, to);
  for (size_t i = 0; i < kParts; ++i) {
    const size_t first = i * kKvEncodeTokens;
    HWY_DYNAMIC_DISPATCH(EncodeColumnsOn)(columns, vectors + i * part, multipliers, found);
    for (size_t block = 0; block < shape.multipliers(); ++block) {
      std::memcpy(to + (block * codec::kKvTile + first) * sizeof(uint16_t),
                  multipliers + block * kKvEncodeTokens, kKvEncodeTokens * sizeof(uint16_t));
    }
    PutCodes(layout, found, first, codes);
  }
  const codec::KvMatrixLayout matrix = layout.matrix();
  codec::PackKvCodes(matrix, codes, matrix.width, {to + layout.matrix_offset(), matrix.bytes()});
}

}  // namespace hlwq::kernels
#endif
