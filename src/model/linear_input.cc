#include "model/linear_input.h"

#include <algorithm>

#include "codec/trellis_tile.h"

namespace hlwq::model {

using kernels::DotWidth;

namespace {

kernels::InputOrder OrderOf(InputForms forms) noexcept {
  return forms.tiles ? kernels::InputOrder::kRowsAndTiles : kernels::InputOrder::kRows;
}

}  // namespace

LinearInput::LinearInput(size_t max_tokens, size_t width)
    : rows_(max_tokens, width), rotated_(max_tokens, width) {
  if (codec::EndsInHalfBlock(width)) {
    rotated_half_ = kernels::RotatedInputs(max_tokens, width, kernels::LastBlock::kHalf);
  }
}

size_t LinearInput::Bytes(size_t width) noexcept {
  constexpr size_t kRotated = 2 * (2 + 1);  // both widths, both orders
  return width * (4 + kRotated * (codec::EndsInHalfBlock(width) ? 2 : 1));
}

void LinearInput::Seal(kernels::TokenRange tokens, InputForms forms) noexcept {
  const kernels::InputOrder order = OrderOf(forms);
  if (forms.narrow) rotated_.Set(tokens.begin, rows_[tokens], DotWidth::kNarrow, order);
  if (forms.wide) rotated_.Set(tokens.begin, rows_[tokens], DotWidth::kWide, order);
  if (forms.half_narrow) rotated_half_.Set(tokens.begin, rows_[tokens], DotWidth::kNarrow);
  if (forms.half_wide) rotated_half_.Set(tokens.begin, rows_[tokens], DotWidth::kWide);
}

void LinearInput::CopySealed(kernels::TokenRange tokens, const LinearInput& other,
                             std::span<const uint32_t> from, InputForms forms) noexcept {
  const kernels::InputOrder order = OrderOf(forms);
  for (size_t token = tokens.begin; token < tokens.end; ++token) {
    const size_t source = from[token - tokens.begin];
    if (forms.plain) std::ranges::copy(other.rows_[source], rows_[token].begin());
    if (forms.narrow) rotated_.Copy(token, other.rotated_, source, DotWidth::kNarrow, order);
    if (forms.wide) rotated_.Copy(token, other.rotated_, source, DotWidth::kWide, order);
    if (forms.half_narrow) {
      rotated_half_.Copy(token, other.rotated_half_, source, DotWidth::kNarrow);
    }
    if (forms.half_wide) rotated_half_.Copy(token, other.rotated_half_, source, DotWidth::kWide);
  }
}

}  // namespace hlwq::model
