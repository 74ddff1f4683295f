#include "model/linear_input.h"

namespace hlwq::model {

LinearInput::LinearInput(size_t max_tokens, size_t width)
    : width_(width), rows_(max_tokens * width), rotated_(max_tokens, width) {}

void LinearInput::Seal(size_t token, InputForms forms) noexcept {
  if (forms.narrow) rotated_.Set(token, row(token), kernels::DotWidth::kNarrow);
  if (forms.wide) rotated_.Set(token, row(token), kernels::DotWidth::kWide);
}

}  // namespace hlwq::model
