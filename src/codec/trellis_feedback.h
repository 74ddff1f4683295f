// Coding a block of columns by the trellis with feedback (codec/feedback.h): the scalar reference.
//
// The path of a group is searched with feedback inside it: each of the eight survivors of the Viterbi
// search carries the feedback of its own errors to the steps that are still to come (per-survivor
// processing), and its cost is the sum of D_k (target - coded)^2, which is what the errors do to the
// outputs. A few multipliers are tried. What is stored is an ordinary path with ordinary levels.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/feedback.h"
#include "codec/trellis_table.h"

namespace hlwq::codec {

// For every half step of the scale of levels, the nearest level of each subset: levels are integers, so
// that what lies half way between two is the end of a half step. Beyond the ends it is the outermost.
class TrellisGrid {
 public:
  explicit TrellisGrid(const TrellisTable& table);

  // Levels of subsets `low` (low half of a word) and `low` + 2 (high half), low being 0 or 1.
  const int32_t* pair(size_t low) const noexcept { return words_.data() + low * 2 * half_; }
  // Half steps on each side of zero: the index of z is floor(2 z) taken into [-half, half), plus half.
  size_t half() const noexcept { return half_; }
  // The number of a level.
  uint8_t Number(int level) const noexcept {
    return numbers_[static_cast<size_t>(level + static_cast<int>(half_))];
  }
  uint8_t zero_number() const noexcept { return zero_number_; }

 private:
  size_t half_ = 0;
  std::vector<int32_t> words_;
  std::vector<uint8_t> numbers_;
  uint8_t zero_number_ = 0;
};

// A block of columns of some rows. Coordinates, targets, multipliers and errors are in one unit.
struct TrellisFeedbackBlock {
  FeedbackBlock feedback;  // its width is one or two groups
  size_t rows = 0;
  size_t stride = 0;                   // of coordinates and errors
  const float* coordinates = nullptr;  // [rows, stride]: the weights
  const float* targets = nullptr;      // [rows, kBlockSize]
  // [rows, kGroupsPerBlock, trials]; where the first of a group is 0, it is stored as zeros.
  const float* multipliers = nullptr;
  size_t trials = 1;
  float* errors = nullptr;    // [rows, stride]: coordinates - multiplier * level
  uint8_t* chosen = nullptr;  // [rows, kGroupsPerBlock]: the trial of least cost
  uint64_t* paths = nullptr;  // [rows, kGroupsPerBlock]
  uint8_t* levels = nullptr;  // [rows, kBlockSize], numbers
};

// Fills errors, paths and levels. Each row by itself.
void CodeTrellisFeedback(const TrellisGrid& grid, const TrellisFeedbackBlock& block) noexcept;

}  // namespace hlwq::codec
