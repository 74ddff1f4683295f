#include "model/linear_input.h"

#include <algorithm>

namespace hlwq::model {

LinearInput::LinearInput(size_t max_tokens, size_t width)
    : rows_(max_tokens, width), rotated_(max_tokens, width) {}

void LinearInput::Seal(kernels::TokenRange tokens, InputForms forms) noexcept {
  if (forms.narrow) rotated_.Set(tokens.begin, rows_[tokens], kernels::DotWidth::kNarrow);
  if (forms.wide) rotated_.Set(tokens.begin, rows_[tokens], kernels::DotWidth::kWide);
}

void LinearInput::CopySealed(kernels::TokenRange tokens, const LinearInput& other,
                             std::span<const uint32_t> from, InputForms forms) noexcept {
  for (size_t token = tokens.begin; token < tokens.end; ++token) {
    const size_t source = from[token - tokens.begin];
    if (forms.plain) std::ranges::copy(other.rows_[source], rows_[token].begin());
    if (forms.narrow) rotated_.Copy(token, other.rotated_, source, kernels::DotWidth::kNarrow);
    if (forms.wide) rotated_.Copy(token, other.rotated_, source, kernels::DotWidth::kWide);
  }
}

}  // namespace hlwq::model
