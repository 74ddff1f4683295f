// How long calibrating will take.
#pragma once

#include <cstdint>

#include "base/worker_pool.h"
#include "checkpoint/catalog/text_config.h"
#include "checkpoint/checkpoint.h"

namespace hlwq::calibrate {

// Additions and multiplications in float32; what else there is is little beside them.
struct CalibrationWork {
  double text = 0;      // writing it
  double layers = 0;    // taking it through the layers
  double hessians = 0;  // of their inputs

  double total() const noexcept { return text + layers + hessians; }
};

// From shapes. `writes_text`: it is the model's own.
CalibrationWork WorkOf(const checkpoint::Checkpoint& model, const checkpoint::TextConfig& sizes,
                       uint64_t tokens, bool writes_text);

// By the speed of matrix products here and now. Cost: some 30 milliseconds.
double SecondsFor(const CalibrationWork& work, WorkerPool& pool);

}  // namespace hlwq::calibrate
