// The arithmetic of one block of 128 weights (docs/format.md, "Encoder" and "Decoder"): the scalar
// reference. Every step is float32 in a fixed order without fused multiply-add, so that any
// implementation can produce the same bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "codec/hadamard.h"
#include "codec/scale_search.h"
#include "tensor/float16.h"

namespace hlwq::codec {

enum class ScaleRule : uint8_t {
  kNorm,    // the multiplier is the block's norm
  kSearch,  // the multiplier with the least squared error among those tried (scale_search.h)
};

// Levels with the thresholds between them. Threshold k is t = 0.5f * (levels[k] + levels[k + 1]),
// or the next float below t where t is negative, so that a tie goes to the level nearer to zero.
class LevelTable {
 public:
  // `levels` is 2^bits values. Throws Error{kInvalidArgument} when the count is not a power of two
  // in 2..256 or a value is not finite.
  explicit LevelTable(std::span<const float> levels);

  int bits() const noexcept { return bits_; }
  std::span<const float> levels() const noexcept { return levels_; }
  std::span<const float> thresholds() const noexcept { return thresholds_; }
  // Ascending and at most 15 in magnitude: what the encoder asks of levels.
  bool can_encode() const noexcept { return can_encode_; }
  // levels[k] == -levels[n - 1 - k] for all k.
  bool is_antisymmetric() const noexcept { return is_antisymmetric_; }

  // The fixed-point form for the scale search. Requires can_encode().
  const SearchTable& search() const noexcept { return search_; }

  // Nearest level: the number of thresholds below z. Zero between two levels goes to the lower one.
  // NaN is code 0.
  uint8_t Code(float z) const noexcept;

 private:
  int bits_ = 0;
  bool can_encode_ = false;
  bool is_antisymmetric_ = false;
  std::vector<float> levels_;
  std::vector<float> thresholds_;
  SearchTable search_;
};

// A norm at or above this rounds to infinity in fp16: the block cannot be stored.
inline constexpr float kNormLimit = 65520.0f;
// Norms are raised to this before dividing by them, as the published tools do.
inline constexpr float kNormFloor = 1e-10f;

// Sums over one block, in float32 and the order of SumBlock. All but `energy` are of the stored
// multiplier and codes. v = Fwht128(w), c the levels of the codes, m the decoded multiplier.
struct BlockSums {
  float energy = 0;     // sum v^2 = 128 sum w^2
  float along = 0;      // sum v c
  float levels = 0;     // sum c^2
  float error = 0;      // sum (v - m c)^2 = 128 sum (w - w')^2, padding included
  float max_error = 0;  // largest |w - w'|, padding included
};

struct EncodedBlock {
  std::array<uint8_t, kBlockSize> codes;
  uint16_t multiplier = 0;  // fp16
  BlockSums sums;
};

// Codes one block (zeros where it is padded). False when the block cannot be stored: a value is not
// finite or the norm is kNormLimit or more; `out` is then unspecified. Requires table.can_encode().
bool EncodeBlock(std::span<const float, kBlockSize> weights, const LevelTable& table,
                 ScaleRule rule, EncodedBlock& out) noexcept;

// weights = Fwht128(levels[codes]) * (multiplier / 128). Codes below 2^bits.
void DecodeBlock(std::span<const uint8_t, kBlockSize> codes, uint16_t multiplier,
                 const LevelTable& table, std::span<float, kBlockSize> weights) noexcept;

}  // namespace hlwq::codec
