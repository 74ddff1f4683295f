// The levels of a code as small integers: what dot products of codes and activations multiply.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace hlwq::codec {
class TrellisTable;
}

namespace hlwq::kernels {

// How many bits the integers have on both sides of a dot product.
enum class DotWidth : uint8_t {
  kNarrow,  // 8-bit levels and activations
  kWide,    // 16-bit: 8 would add error comparable to that of the codes
};

// Codes of 6 bits a weight and more are wide: the squared error of rounding 32 magnitudes to 7 bits
// is 2 % of what coding with 5 bits costs, and over 10 % of what 6 bits cost.
constexpr DotWidth WidthFor(int bits) noexcept {
  return bits <= 5 ? DotWidth::kNarrow : DotWidth::kWide;
}

// level[k] ~ step * (narrow[k] - kOffset), or step * wide[k].
struct DotLevels {
  static constexpr int kOffset = 128;      // narrow levels are unsigned, 1..255
  static constexpr int kMostNarrow = 127;  // in magnitude, without the offset
  static constexpr int kMostWide = 4095;   // with RotatedInputs::kMostWide a block fits 32 bits

  // `levels` is 2^bits finite values, bits 1..8, in any order. The narrow step is the one with the
  // least squared error for coordinates of N(0,1) among those that keep all levels in range; the
  // wide one takes the largest level to the end of the range.
  explicit DotLevels(std::span<const float> levels);

  // Of the trellis code, R bits a weight: its 2^(R + 1) integers as they are (step 1). Number
  // d << (R - 1) | k of the tables is level 4 k + d: an index value in the low bits, as code
  // streams give it, the subset above. Narrow up to R = 5.
  static DotLevels OfTrellis(const codec::TrellisTable& table);

  int bits = 0;
  DotWidth width = DotWidth::kNarrow;
  float step = 0;
  // Repeated to fill the tables, so that bits above a code need no masking. The one that the width
  // does not use is empty (kOffset, 0).
  alignas(64) std::array<uint8_t, 64> narrow{};
  alignas(64) std::array<int16_t, 256> wide{};

 private:
  DotLevels() = default;

  // Integers for the levels, repeated in the table of the width.
  void Fill(std::span<const int> integers);
};

}  // namespace hlwq::kernels
