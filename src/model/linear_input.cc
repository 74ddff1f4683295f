#include "model/linear_input.h"

#include <algorithm>
#include <utility>

namespace hlwq::model {

LinearInput::LinearInput(size_t max_tokens, size_t width)
    : width_(width), rows_(max_tokens * width), rotated_(max_tokens, width) {}

void LinearInput::Seal(size_t token, InputForms forms) noexcept {
  if (forms.narrow) rotated_.Set(token, row(token), kernels::DotWidth::kNarrow);
  if (forms.wide) rotated_.Set(token, row(token), kernels::DotWidth::kWide);
}

void LinearInput::CopySealed(size_t token, const LinearInput& other, size_t other_token,
                             InputForms forms) noexcept {
  if (forms.plain) std::ranges::copy(other.row(other_token), row(token).begin());
  for (const auto& [is_wanted, width] : {std::pair(forms.narrow, kernels::DotWidth::kNarrow),
                                         std::pair(forms.wide, kernels::DotWidth::kWide)}) {
    if (is_wanted) rotated_.Copy(token, other.rotated_, other_token, width);
  }
}

}  // namespace hlwq::model
