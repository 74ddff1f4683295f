#include "model/linear_input.h"

#include <algorithm>

namespace hlwq::model {

using kernels::DotWidth;

namespace {

kernels::InputOrder OrderOf(InputForms forms) noexcept {
  return forms.tiles ? kernels::InputOrder::kRowsAndTiles : kernels::InputOrder::kRows;
}

}  // namespace

LinearInput::LinearInput(size_t max_tokens, size_t width)
    : rows_(max_tokens, width), rotated_(max_tokens, width) {}

void LinearInput::Seal(kernels::TokenRange tokens, InputForms forms) noexcept {
  const kernels::InputOrder order = OrderOf(forms);
  if (forms.narrow) rotated_.Set(tokens.begin, rows_[tokens], DotWidth::kNarrow, order);
  if (forms.wide) rotated_.Set(tokens.begin, rows_[tokens], DotWidth::kWide, order);
}

void LinearInput::CopySealed(kernels::TokenRange tokens, const LinearInput& other,
                             std::span<const uint32_t> from, InputForms forms) noexcept {
  const kernels::InputOrder order = OrderOf(forms);
  for (size_t token = tokens.begin; token < tokens.end; ++token) {
    const size_t source = from[token - tokens.begin];
    if (forms.plain) std::ranges::copy(other.rows_[source], rows_[token].begin());
    if (forms.narrow) rotated_.Copy(token, other.rotated_, source, DotWidth::kNarrow, order);
    if (forms.wide) rotated_.Copy(token, other.rotated_, source, DotWidth::kWide, order);
  }
}

}  // namespace hlwq::model
