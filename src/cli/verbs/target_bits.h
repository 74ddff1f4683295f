// quantize --target-bpw: a recipe made for the model.
#pragma once

#include <string>

#include "checkpoint/checkpoint.h"
#include "cli/arguments.h"
#include "convert/bit_plan.h"
#include "convert/feedback_source.h"

namespace hlwq::cli {

// Measures SRC by --sensitivity and chooses the widths, with progress. With `feedback`, where it is not null, for
// codes that are made with it; divergence takes it through all layers.
convert::BitPlan PlanTargetBits(const Arguments& arguments, const std::string& source_path,
                                const checkpoint::Checkpoint& source,
                                convert::FeedbackSource* feedback);

}  // namespace hlwq::cli
