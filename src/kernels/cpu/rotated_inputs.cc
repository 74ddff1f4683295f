#include "kernels/rotated_inputs.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "codec/hadamard.h"
#include "codec/trellis_tile.h"
#include "kernels/cpu/target.h"
#include "kernels/tile_layout.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/rotated_inputs.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR
#include "kernels/cpu/rotated_inputs-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // the same steps, one value at a time

template <typename T>
void RotateBlock(const float* x, float most, T* integers, float* scale, int32_t (&sums)[2]) {
  constexpr float kLeastInput = 0x1p-100f;
  float values[codec::kBlockSize];
  std::copy_n(x, codec::kBlockSize, values);
  codec::Fwht128(values);
  float largest = 0;
  for (const float value : values) {
    if (!(std::abs(value) <= largest)) largest = std::abs(value);
  }
  const bool counts = !(largest < kLeastInput);
  *scale = counts ? largest / (most * static_cast<float>(codec::kBlockSize)) : 0.0f;
  const float to_integer = counts ? most / largest : 0.0f;
  sums[0] = sums[1] = 0;
  for (size_t i = 0; i < codec::kBlockSize; ++i) {
    const float scaled = std::nearbyint(values[i] * to_integer);
    // NaN, which no integer can stand for, is told by the scale.
    integers[i] = scaled == scaled ? static_cast<T>(scaled) : T{0};
    sums[2 * i / codec::kBlockSize] += integers[i];
  }
}

#endif

// Of 32 integers, 8 q + s to 4 s + q.
template <typename T>
void ToTileOrder(const T* from, size_t count, T* to) {
  for (size_t cell = 0; cell < count; cell += kCellInputs) {
    for (size_t i = 0; i < kCellInputs; ++i) to[cell + i % 8 * 4 + i / 8] = from[cell + i];
  }
}
#if HWY_TARGET != HWY_SCALAR
HWY_ATTR void ToTileOrder(const int8_t* from, size_t count, int8_t* to) {
  const hn::FixedTag<int8_t, 16> d;
  const hn::FixedTag<int16_t, 8> d16;
  alignas(16) static constexpr int8_t kPairs[16] = {0, 8,  1, 9,  2, 10, 3, 11,
                                                    4, 12, 5, 13, 6, 14, 7, 15};
  const auto pairs = hn::Load(d, kPairs);
  for (size_t cell = 0; cell < count; cell += kCellInputs) {
    const auto low = hn::BitCast(d16, hn::TableLookupBytes(hn::LoadU(d, from + cell), pairs));
    const auto high = hn::BitCast(d16, hn::TableLookupBytes(hn::LoadU(d, from + cell + 16), pairs));
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(d16, low, high)), d, to + cell);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(d16, low, high)), d, to + cell + 16);
  }
}
#endif

// The whole blocks of x, then the rest with zeros after it. H of (x, 0) is (h, h), h being the transform
// of half a block x.
template <typename T>
HWY_ATTR void RotateRow(const float* x, size_t in, bool ends_in_half, float most, T* integers,
                        float* scales, int32_t* sums) {
  constexpr size_t kSize = codec::kBlockSize;
  const size_t whole = in / kSize;
  const auto rotate = [&](const float* from, size_t block) HWY_ATTR {
    int32_t halves[2];
    RotateBlock(from, most, integers + block * kSize, scales + block, halves);
    if (sums != nullptr) std::copy_n(halves, 2, sums + 2 * block);
  };
  for (size_t block = 0; block < whole; ++block) rotate(x + block * kSize, block);
  if (in % kSize != 0) {
    alignas(64) float padded[kSize] = {};
    std::copy(x + whole * kSize, x + in, padded);
    rotate(padded, whole);
    if (ends_in_half) {
      std::fill_n(integers + whole * kSize + kSize / 2, kSize / 2, T{0});
      scales[whole] *= 2;  // divided by 64, not 128
      if (sums != nullptr) sums[2 * whole + 1] = 0;
    }
  }
}

// Rows of `blocks` blocks; their scales and sums begin at multiples of `stride` blocks.
void RotateNarrow(RowSpan<const float> x, bool ends_in_half, size_t blocks, size_t stride,
                  int8_t* integers, int8_t* tiles, float* scales, int32_t* sums) {
  const size_t padded = blocks * codec::kBlockSize;
  for (size_t row = 0; row < x.rows; ++row) {
    RotateRow(x[row].data(), x.width, ends_in_half, float{RotatedInputs::kMostNarrow},
              integers + row * padded, scales + row * stride, sums + row * 2 * stride);
  }
  if (tiles != nullptr) ToTileOrder(integers, x.rows * padded, tiles);
}
void RotateWide(RowSpan<const float> x, bool ends_in_half, size_t blocks, size_t stride,
                int16_t* integers, int16_t* tiles, float* scales) {
  const size_t padded = blocks * codec::kBlockSize;
  for (size_t row = 0; row < x.rows; ++row) {
    RotateRow(x[row].data(), x.width, ends_in_half, float{RotatedInputs::kMostWide},
              integers + row * padded, scales + row * stride, nullptr);
  }
  if (tiles != nullptr) ToTileOrder(integers, x.rows * padded, tiles);
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(RotateNarrow);
HWY_EXPORT(RotateWide);

RotatedInputs::RotatedInputs(size_t max_tokens, size_t in, LastBlock last_block)
    : in_(in),
      blocks_((in + codec::kBlockSize - 1) / codec::kBlockSize),
      max_tokens_(max_tokens),
      ends_in_half_(last_block == LastBlock::kHalf && codec::EndsInHalfBlock(in)),
      stride_((blocks_ + 15) / 16 * 16),
      narrow_(max_tokens * blocks_ * codec::kBlockSize),
      narrow_tiles_(max_tokens * blocks_ * codec::kBlockSize, Unfilled()),
      wide_(max_tokens * blocks_ * codec::kBlockSize),
      wide_tiles_(max_tokens * blocks_ * codec::kBlockSize, Unfilled()),
      narrow_scales_(max_tokens * stride_),
      wide_scales_(max_tokens * stride_),
      sums_(max_tokens * 2 * stride_) {}

void RotatedInputs::Set(size_t first, RowSpan<const float> x, DotWidth width,
                        InputOrder order) noexcept {
  HLWQ_DASSERT(first + x.rows <= max_tokens_ && x.width == in_);
  const size_t place = first * blocks_ * codec::kBlockSize;
  if (width == DotWidth::kNarrow) {
    HWY_DYNAMIC_DISPATCH(RotateNarrow)
    (x, ends_in_half_, blocks_, stride_, narrow_.data() + place,
     order == InputOrder::kRows ? nullptr : narrow_tiles_.data() + place,
     narrow_scales_.data() + first * stride_, sums_.data() + first * 2 * stride_);
  } else {
    HWY_DYNAMIC_DISPATCH(RotateWide)
    (x, ends_in_half_, blocks_, stride_, wide_.data() + place,
     order == InputOrder::kRows ? nullptr : wide_tiles_.data() + place,
     wide_scales_.data() + first * stride_);
  }
}

void RotatedInputs::Copy(size_t token, const RotatedInputs& other, size_t other_token,
                         DotWidth width, InputOrder order) noexcept {
  const bool has_tiles = order == InputOrder::kRowsAndTiles;
  HLWQ_DASSERT(token < max_tokens_ && other_token < other.max_tokens_ && in_ == other.in_ &&
               ends_in_half_ == other.ends_in_half_);
  const size_t row = blocks_ * codec::kBlockSize;
  if (width == DotWidth::kNarrow) {
    std::copy_n(other.narrow(other_token), row, narrow_.data() + token * row);
    if (has_tiles) {
      std::copy_n(other.narrow_tiles(other_token), row, narrow_tiles_.data() + token * row);
    }
    std::copy_n(other.scales(other_token, width), stride_, narrow_scales_.data() + token * stride_);
    std::copy_n(other.sums(other_token), 2 * stride_, sums_.data() + token * 2 * stride_);
  } else {
    std::copy_n(other.wide(other_token), row, wide_.data() + token * row);
    if (has_tiles) {
      std::copy_n(other.wide_tiles(other_token), row, wide_tiles_.data() + token * row);
    }
    std::copy_n(other.scales(other_token, width), stride_, wide_scales_.data() + token * stride_);
  }
}

const int8_t* RotatedInputs::narrow(size_t token) const noexcept {
  return narrow_.data() + token * blocks_ * codec::kBlockSize;
}
const int16_t* RotatedInputs::wide(size_t token) const noexcept {
  return wide_.data() + token * blocks_ * codec::kBlockSize;
}
const int8_t* RotatedInputs::narrow_tiles(size_t token) const noexcept {
  return narrow_tiles_.data() + token * blocks_ * codec::kBlockSize;
}
const int16_t* RotatedInputs::wide_tiles(size_t token) const noexcept {
  return wide_tiles_.data() + token * blocks_ * codec::kBlockSize;
}
const float* RotatedInputs::scales(size_t token, DotWidth width) const noexcept {
  const auto& scales = width == DotWidth::kNarrow ? narrow_scales_ : wide_scales_;
  return scales.data() + token * stride_;
}
const int32_t* RotatedInputs::sums(size_t token) const noexcept {
  return sums_.data() + token * 2 * stride_;
}

}  // namespace hlwq::kernels
#endif
