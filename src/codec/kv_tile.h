// Coded keys and values of a tile of 64 tokens, of one head (docs/kv-cache.md, "Format"): a matrix of
// small integers, the levels of codes, and a 16-bit multiplier for each token and block of dimensions. A
// value is multiplier * level / 128, rotated. Keys are coded less their mean over the tokens of the tile,
// which is kept beside them: the keys of a text have much in common, and outliers most of all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace hlwq::codec {

inline constexpr size_t kKvTile = 64;  // tokens
inline constexpr float kKvLevelUnit = 1 / 128.0f;
inline constexpr size_t kMostKvHeadDim = 1024;

// Of keys or values that are kept as F16.
inline constexpr int kPlainKvBits = 16;
constexpr bool IsKvBits(int bits) noexcept {
  return bits == 2 || bits == 3 || bits == 4 || bits == 8 || bits == kPlainKvBits;
}

// How a head is taken apart. A vector of head_dim values is rotated by normalised Walsh-Hadamard
// transforms of `rotation` values, one after the other; `scaled` of them share a multiplier.
struct KvHeadShape {
  size_t head_dim = 0;
  size_t rotation = 0;  // the largest power of two that divides head_dim, 512 at most
  size_t scaled = 0;    // head_dim up to 128, else 128 or the rotation, the smaller one

  size_t multipliers() const noexcept { return head_dim / scaled; }
};

// Throws Error{kUnsupported} for more than kMostKvHeadDim dimensions, and where blocks would be too short
// to spread an outlier: a rotation below 8, or below 32 in heads of more than 128 dimensions.
KvHeadShape KvShapeOf(size_t head_dim);

// The 2^bits levels of 2, 3 and 4 bits, ascending: those of the Lloyd-Max quantizer of N(0,1), the
// largest at 127. Entries beyond them are zero. Thread: safe.
const std::array<int8_t, 16>& KvLevels(int bits);

// A matrix of levels [depth, width] as products want it: sums go over the depth, lanes over the width.
// Keys: depth = head_dim, width = tokens. Values: depth = tokens, width = head_dim. It lies as blocks
// of 16 of the width, each with groups of the depth one after the other; what is missing at the ends is
// filled up. A group, of 16 lanes n with four bytes j each, number 4 n + j:
//   8 bits, depth 4:   the level of k = j, as a signed byte
//   4 bits, depth 8:   codes of k = j (low half) and 4 + j
//   2 bits, depth 16:  codes of k = j (lowest bits), 4 + j, 8 + j, 12 + j
//   3 bits, depth 32:  two groups as with 2 bits, of the low bits; then the high bits of
//                      k = j (bit 0), 4 + j, .., 28 + j (bit 7)
struct KvMatrixLayout {
  int bits = 0;
  size_t depth = 0, width = 0;

  static constexpr size_t kLanes = 16;

  constexpr size_t group_depth() const noexcept {
    return bits == 8 ? 4 : bits == 4 ? 8 : bits == 2 ? 16 : 32;
  }
  constexpr size_t group_bytes() const noexcept { return bits == 3 ? 192 : 64; }
  constexpr size_t groups() const noexcept { return (depth + group_depth() - 1) / group_depth(); }
  constexpr size_t blocks() const noexcept { return (width + kLanes - 1) / kLanes; }
  constexpr size_t block_bytes() const noexcept { return groups() * group_bytes(); }
  constexpr size_t bytes() const noexcept { return blocks() * block_bytes(); }
};

// codes [depth, width], rows `stride` apart; 8 bits: signed levels. Writes all of `to`,
// layout.bytes().
void PackKvCodes(const KvMatrixLayout& layout, const uint8_t* codes, size_t stride,
                 std::span<std::byte> to) noexcept;
// The level at (k, n). For tests and tools: slow.
int KvLevelAt(const KvMatrixLayout& layout, std::span<const std::byte> from, size_t k, size_t n);

// Keys or values of a tile of one head: multipliers [multipliers, kKvTile] as F16; of keys the mean; then
// the matrix. Each begins at 64 bytes. The mean has levels [head_dim], signed bytes, in the order of
// KvMeanPlace, and behind them multipliers [multipliers] as F16. Plain tiles: F16, keys [head_dim, kKvTile] or
// values [kKvTile, head_dim].
struct KvTileLayout {
  KvHeadShape shape;
  int bits = 0;
  bool is_keys = true;

  bool is_plain() const noexcept { return bits == kPlainKvBits; }

  KvMatrixLayout matrix() const noexcept {
    return is_keys ? KvMatrixLayout{bits, shape.head_dim, kKvTile}
                   : KvMatrixLayout{bits, kKvTile, shape.head_dim};
  }
  // The multipliers of the mean lie behind its levels.
  size_t mean_scales_offset() const noexcept { return mean_offset() + shape.head_dim; }
  size_t mean_offset() const noexcept { return shape.multipliers() * kKvTile * 2; }
  size_t mean_bytes() const noexcept {
    return is_keys ? (shape.head_dim + 2 * shape.multipliers() + 63) / 64 * 64 : 0;
  }
  size_t matrix_offset() const noexcept { return mean_offset() + mean_bytes(); }
  size_t bytes() const noexcept {
    return is_plain() ? shape.head_dim * kKvTile * 2 : matrix_offset() + matrix().bytes();
  }
};

// Where dimension i of a mean lies: 0, 2, 1, 3, 4, 6, 5, 7, .., as products of pairs want it.
constexpr size_t KvMeanPlace(size_t i) noexcept {
  return (i & ~size_t{3}) + (i & 1) * 2 + (i >> 1 & 1);
}

// The vectors [kKvTile, head_dim] that a coded tile stands for, rotated back, in float64 but for the
// result. The reference of the kernels: slow.
void DecodeKvTile(const KvTileLayout& layout, std::span<const std::byte> from,
                  std::span<float> vectors);

}  // namespace hlwq::codec
