// Roles and layers of the tensors of a checkpoint.
#pragma once

#include "checkpoint/catalog.h"
#include "checkpoint/checkpoint.h"

namespace hlwq::eval {

// checkpoint::ClassifyTensors over all tensors. Where the config contradicts the tensors, which is
// no reason not to look at them, they are classified by name and shape, and a note says why.
checkpoint::Classified Classify(const checkpoint::Checkpoint& checkpoint);

}  // namespace hlwq::eval
