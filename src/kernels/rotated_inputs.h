// Activations as coded matrices want them: blocks of 128 rotated by the Walsh-Hadamard matrix and
// turned into integers with one scale a block. Done once per input, for all matrices that read it.
//
// y = W x = sum over blocks of norm / sqrt(128) * <levels of the codes, H x_block>, H orthonormal
// (docs/format.md, "Decoder").
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/dot_levels.h"
#include "kernels/row_span.h"
#include "tensor/buffer.h"

namespace hlwq::kernels {

// Which order of the integers is filled: that of rows always.
enum class InputOrder : uint8_t { kRows, kRowsAndTiles };

// What the last block of a row is where at most 64 inputs are left for it: inputs and zeros, as for hlwq
// codes, or 64 of them rotated by themselves, as for the trellis code, and zeros after them. Where more are
// left, both are the first.
enum class LastBlock : uint8_t { kPadded, kHalf };

// Rotated inputs of up to `max_tokens` tokens of width `in`, padded with zeros to whole blocks.
// Thread: distinct tokens may be filled at the same time; reading is safe.
class RotatedInputs {
 public:
  static constexpr int kMostNarrow = 127;
  static constexpr int kMostWide = 4095;  // 128 * 4095 * DotLevels::kMostWide is below 2^31

  RotatedInputs() = default;
  RotatedInputs(size_t max_tokens, size_t in, LastBlock last_block = LastBlock::kPadded);

  size_t in() const noexcept { return in_; }
  size_t blocks() const noexcept { return blocks_; }  // of one token
  size_t max_tokens() const noexcept { return max_tokens_; }
  LastBlock last_block() const noexcept {
    return ends_in_half_ ? LastBlock::kHalf : LastBlock::kPadded;
  }

  // Rotates the rows of x [tokens, in] into places from `first` on, for matrices of `width`. The other
  // width of those tokens keeps what it had. Block b of the result: H x_b ~ sqrt(128) * scale[b] * integer, so that
  // y = sum_b norm_b * scale_b * step * <level integers, activation integers>. The largest integer
  // of a block is the most that the width allows. In half a block H is that of 64, and its norm sqrt(64). A block below 2^-100 counts as zero; one with a
  // NaN or infinity has a scale that is not finite, and so have all products with it.
  void Set(size_t first, RowSpan<const float> x, DotWidth width,
           InputOrder order = InputOrder::kRowsAndTiles) noexcept;

  // Place `token` becomes what `other`, of the same width `in` and last block, has for a token.
  void Copy(size_t token, const RotatedInputs& other, size_t other_token, DotWidth width,
            InputOrder order = InputOrder::kRowsAndTiles) noexcept;

  // Rows of one token; 64-byte aligned. Scales and sums are followed by zeros up to a multiple
  // of 16 blocks.
  const int8_t* narrow(size_t token) const noexcept;  // [blocks * 128], within +-kMostNarrow
  const int16_t* wide(size_t token) const noexcept;   // [blocks * 128], within +-kMostWide
  // The same integers in the order of tiles (tile_layout.h): of 32 inputs, 8 q + s comes at 4 s + q.
  const int8_t* narrow_tiles(size_t token) const noexcept;
  const int16_t* wide_tiles(size_t token) const noexcept;
  const float* scales(size_t token, DotWidth width) const noexcept;  // [blocks]
  // [2 * blocks], of 64 narrow integers each.
  const int32_t* sums(size_t token) const noexcept;

 private:
  size_t in_ = 0, blocks_ = 0, max_tokens_ = 0;
  bool ends_in_half_ = false;
  size_t stride_ = 0;  // blocks of one token, rounded up to whole cache lines of scales
  Buffer<int8_t> narrow_, narrow_tiles_;
  Buffer<int16_t> wide_, wide_tiles_;
  Buffer<float> narrow_scales_, wide_scales_;
  Buffer<int32_t> sums_;
};

}  // namespace hlwq::kernels
