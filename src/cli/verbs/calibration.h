// --calibrate, of quantize and export.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "calibrate/run.h"
#include "checkpoint/checkpoint.h"
#include "cli/arguments.h"

namespace hlwq::cli {

// What --calibrate self would take and bring, for who has not asked for it; empty where the model cannot be
// run. `walks`: how often all tokens would go through the layers.
std::string CalibrationOffer(const Arguments& arguments, const checkpoint::Checkpoint& source,
                             int walks);

// By the flags; says how long it will take with so many walks, and shows how far it is.
std::unique_ptr<calibrate::Run> Calibrate(const Arguments& arguments, checkpoint::Checkpoint model,
                                          const std::filesystem::path& destination, int walks);

}  // namespace hlwq::cli
