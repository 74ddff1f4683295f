#include "kernels/encode_kv.h"

#include <algorithm>
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

HWY_EXPORT(EncodeColumnsOn);

namespace {

using codec::kMostKvHeadDim;

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
  alignas(64) float vectors[kMostKvHeadDim * kKvEncodeTokens];
  alignas(64) int32_t found[kMostKvHeadDim * kKvEncodeTokens];
  alignas(64) uint16_t multipliers[kMostKvHeadDim / 8 * kKvEncodeTokens];
  alignas(64) uint8_t codes[kMostKvHeadDim * codec::kKvTile];
  const codec::KvMatrixLayout matrix = layout.matrix();
  for (size_t first = 0; first < codec::kKvTile; first += kKvEncodeTokens) {
    LoadColumns(layout, from, first, vectors);
    HWY_DYNAMIC_DISPATCH(EncodeColumnsOn)(columns, vectors, multipliers, found);
    for (size_t block = 0; block < shape.multipliers(); ++block) {
      std::memcpy(to + (block * codec::kKvTile + first) * sizeof(uint16_t),
                  multipliers + block * kKvEncodeTokens, kKvEncodeTokens * sizeof(uint16_t));
    }
    for (size_t i = 0; i < shape.head_dim; ++i) {
      for (size_t n = 0; n < kKvEncodeTokens; ++n) {
        const size_t place =
            layout.is_keys ? i * codec::kKvTile + first + n : (first + n) * shape.head_dim + i;
        codes[place] = static_cast<uint8_t>(found[i * kKvEncodeTokens + n]);
      }
    }
  }
  codec::PackKvCodes(matrix, codes, matrix.width, {to + layout.multiplier_bytes(), matrix.bytes()});
}

}  // namespace hlwq::kernels
#endif
