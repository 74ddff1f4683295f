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
  double hessians = 0;  // of their inputs, and of errors that are propagated

  double total() const noexcept { return text + layers + hessians; }
};

struct CalibrationAmount {
  uint64_t tokens = 0;
  bool writes_text = false;  // it is the model's own
  // How often all tokens go through the layers of the model as it is; where errors are propagated they do twice more.
  int walks = 1;
};

// From shapes.
CalibrationWork WorkOf(const checkpoint::Checkpoint& model, const checkpoint::TextConfig& sizes,
                       const CalibrationAmount& amount);

// By the speed of matrix products here and now. Cost: some 30 milliseconds.
double SecondsFor(const CalibrationWork& work, WorkerPool& pool);

}  // namespace hlwq::calibrate
