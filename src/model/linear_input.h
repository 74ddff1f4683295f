// The input of one or several matrices, in every form that they want it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/rotated_inputs.h"
#include "model/rows.h"

namespace hlwq::model {

// What the matrices that read an input need it as.
struct InputForms {
  bool plain = false;   // float32
  bool narrow = false;  // rotated, 8-bit (kernels::DotWidth)
  bool wide = false;    // rotated, 16-bit
  bool tiles = false;   // of these two, the order of tiles as well
  // The same where rows end in half a block (kernels::LastBlock), in both orders.
  bool half_narrow = false;
  bool half_wide = false;

  InputForms operator|(InputForms other) const {
    return {.plain = plain || other.plain,
            .narrow = narrow || other.narrow,
            .wide = wide || other.wide,
            .tiles = tiles || other.tiles,
            .half_narrow = half_narrow || other.half_narrow,
            .half_wide = half_wide || other.half_wide};
  }
};

// The first tokens of an input, of which the first `short_tokens` are of short segments (layer.h).
struct TokenCount {
  size_t tokens = 0;
  size_t short_tokens = 0;
};

// Vectors of `width` floats for up to `max_tokens` tokens. Fill rows, then Seal them; a product may
// then read them. Thread: distinct tokens at the same time.
class LinearInput {
 public:
  LinearInput() = default;
  LinearInput(size_t max_tokens, size_t width);
  // Bytes of one token of this width.
  static size_t Bytes(size_t width) noexcept;

  size_t width() const noexcept { return rows_.width; }
  kernels::RowSpan<float> operator[](kernels::TokenRange tokens) noexcept { return rows_[tokens]; }
  std::span<const float> operator[](size_t token) const noexcept { return rows_[token]; }
  std::span<const float> floats() const noexcept { return rows_.data.span(); }
  void Seal(kernels::TokenRange tokens, InputForms forms) noexcept;
  // Rows `tokens` become those of tokens from[0], from[1], ... of another input of the same width,
  // sealed with `forms`; other forms are not taken over.
  void CopySealed(kernels::TokenRange tokens, const LinearInput& other,
                  std::span<const uint32_t> from, InputForms forms) noexcept;

  const kernels::RotatedInputs& rotated() const noexcept { return rotated_; }
  // For matrices whose rows end in half a block.
  const kernels::RotatedInputs& rotated_half() const noexcept { return rotated_half_; }

 private:
  Rows rows_;  // [max_tokens, width]
  kernels::RotatedInputs rotated_;
  kernels::RotatedInputs rotated_half_;  // where the width ends in half a block
};

}  // namespace hlwq::model
