// The levels of the trellis codec and how its encoder searches (docs/format.md, "Codec hlwq-t").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "codec/group_scale.h"
#include "codec/hadamard.h"

namespace hlwq::codec {

inline constexpr int kMinTrellisBits = 2;
inline constexpr int kMaxTrellisBits = 6;
inline constexpr std::string_view kTableTrellisGauss = "trellis-gauss";

// The 2^(bits + 1) levels of the named table, ascending, integers. Throws Error{kInvalidArgument}
// for an unknown name or width.
std::vector<float> TrellisLevels(std::string_view table, int bits);

inline constexpr size_t kGroupsPerBlock = kBlockSize / kGroupSize;

// Bytes of a block: the path bits and index values of 128 weights (codec/trellis_tile.h).
constexpr size_t TrellisBlockBytes(int bits) noexcept { return 16 * static_cast<size_t>(bits); }

// The trellis is a code of eight states: the last three path bits, the latest one highest.
inline constexpr size_t kTrellisStates = 8;
inline constexpr size_t kTrellisSubsets = 4;

// The subsets d_t of a group's 64 path bits: bit t of `high` and `low`.
struct TrellisSubsets {
  uint64_t high = 0;
  uint64_t low = 0;
};
constexpr TrellisSubsets SubsetsOf(uint64_t path) noexcept {
  return {path ^ (path << 1) ^ (path << 3), path << 2};
}

// Which multipliers the encoder tries: bytes relative to the one that takes the largest coordinate
// to the largest level.
struct TrellisSearch {
  int first = 0;
  int step = 1;
  int count = 1;

  int Offset(int trial) const noexcept { return first + trial * step; }
};
// `effort` is "fast", "default" or "best". Throws Error{kInvalidArgument} for another.
TrellisSearch TrellisSearchFor(std::string_view effort, int bits);

// Levels, and the integer grid on which trials run. Immutable.
class TrellisTable {
 public:
  static constexpr int kMostDistance = 255;

  // `levels` is 2^(bits + 1) values. Throws Error{kInvalidArgument} unless they are integers,
  // ascending, odd-symmetric and at most 127 (4095 for 6 bits) in magnitude.
  TrellisTable(std::span<const float> levels, int bits);

  int bits() const noexcept { return bits_; }
  std::span<const float> levels() const noexcept { return levels_; }
  float largest() const noexcept { return levels_.back(); }
  // Of a row's multiplier: sqrt(2) / largest().
  float row_factor() const noexcept { return row_factor_; }
  // Twice the grid's steps per 1 of levels.
  float factor_units() const noexcept { return factor_units_; }
  std::span<const int16_t> grid() const noexcept { return grid_; }
  int most_z() const noexcept { return static_cast<int>(nearest_.size()) - 1; }

  // For |Z| and each subset: the squared distance to the nearest level, and its number.
  struct Nearest {
    std::array<uint16_t, kTrellisSubsets> distance;
    std::array<uint8_t, kTrellisSubsets> level;
  };
  const Nearest& NearestTo(int magnitude) const noexcept {
    return nearest_[static_cast<size_t>(magnitude)];
  }

 private:
  int bits_ = 0;
  std::vector<float> levels_;
  float row_factor_ = 0;
  float factor_units_ = 0;
  std::vector<int16_t> grid_;
  std::vector<Nearest> nearest_;  // of 0..most_z()
};

}  // namespace hlwq::codec
