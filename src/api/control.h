// Progress and cancellation of the boxes' work.
#pragma once

#include "base/progress.h"

namespace hlwq::api {

// Tells `control` of progress, and throws Error{kCancelled} once a stop is requested: what a callback
// throws ends the work. Empty where the control wants nothing.
ProgressCallback ProgressFor(const Control& control);

// The same for work that takes tokens before the tensors: no tensor is in work, and nothing is counted.
TokenProgressCallback TokenProgressFor(const Control& control);

}  // namespace hlwq::api
