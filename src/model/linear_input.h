// The input of one or several matrices, in every form that they want it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/rotated_inputs.h"
#include "tensor/buffer.h"

namespace hlwq::model {

// What the matrices that read an input need it as.
struct InputForms {
  bool plain = false;   // float32
  bool narrow = false;  // rotated, 8-bit (kernels::DotWidth)
  bool wide = false;    // rotated, 16-bit

  InputForms operator|(InputForms other) const {
    return {.plain = plain || other.plain,
            .narrow = narrow || other.narrow,
            .wide = wide || other.wide};
  }
};

// The first tokens of an input, of which the first `short_tokens` are of short segments (layer.h).
struct TokenCount {
  size_t tokens = 0;
  size_t short_tokens = 0;
};

// Vectors of `width` floats for up to `max_tokens` tokens. Fill row(token), then Seal it; a product
// may then read it. Thread: distinct tokens at the same time.
class LinearInput {
 public:
  LinearInput() = default;
  LinearInput(size_t max_tokens, size_t width);
  // Bytes of one token of this width.
  static size_t Bytes(size_t width) noexcept { return width * (4 + 2 + 1); }

  size_t width() const noexcept { return width_; }
  std::span<float> row(size_t token) noexcept {
    return rows_.span().subspan(token * width_, width_);
  }
  std::span<const float> row(size_t token) const noexcept {
    return rows_.span().subspan(token * width_, width_);
  }
  std::span<float> rows() noexcept { return rows_.span(); }
  std::span<const float> rows() const noexcept { return rows_.span(); }
  void Seal(size_t token, InputForms forms) noexcept;
  // Row `token` becomes that of a token of another input of the same width, sealed with `forms`;
  // other forms are not taken over.
  void CopySealed(size_t token, const LinearInput& other, size_t other_token,
                  InputForms forms) noexcept;

  const kernels::RotatedInputs& rotated() const noexcept { return rotated_; }

 private:
  size_t width_ = 0;
  Buffer<float> rows_;  // [max_tokens, width]
  kernels::RotatedInputs rotated_;
};

}  // namespace hlwq::model
