// The drawing of an ablation.
#pragma once

#include <string>

#include "report/ablation.h"

namespace hlwq::report {

// Divergence on a logarithmic axis against bits a weight, with two standard errors: one <svg>
// element, or an empty string where no method diverges at all.
std::string DrawAblation(const Ablation& ablation);

}  // namespace hlwq::report
