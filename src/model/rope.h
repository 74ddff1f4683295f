// Rotary position embedding: the angles of a position (docs of the formulas in rope.cc).
#pragma once

#include <cstddef>
#include <vector>

#include "checkpoint/rope_config.h"
#include "kernels/row_span.h"

namespace hlwq::model {

// Thread: safe.
class Rope {
 public:
  explicit Rope(const checkpoint::RopeConfig& config);

  // Pairs of elements that are rotated: r / 2.
  size_t pairs() const noexcept { return frequencies_.size(); }

  // Cosines and sines [tokens, pairs] for consecutive tokens, the first at `position`, in a sequence
  // that has `length` tokens with the ones computed now. Only dynamic scaling looks at the length, as transformers does: past the
  // original positions the frequencies follow the length that a token was computed at.
  void Angles(size_t position, size_t length, kernels::RowSpan<float> cosines,
              kernels::RowSpan<float> sines) const;

 private:
  checkpoint::RopeConfig config_;
  std::vector<float> frequencies_;
};

}  // namespace hlwq::model
