// quantize --target-bpw: a recipe made for the model.
#pragma once

#include <string>

#include "checkpoint/checkpoint.h"
#include "cli/arguments.h"
#include "convert/bit_plan.h"

namespace hlwq::cli {

// Measures SRC by --sensitivity and chooses the widths, with progress.
convert::BitPlan PlanTargetBits(const Arguments& arguments, const std::string& source_path,
                                const checkpoint::Checkpoint& source);

}  // namespace hlwq::cli
