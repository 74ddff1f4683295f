// Whether two checkpoints are the same model, without reading all of it.
#pragma once

#include <cstdint>

#include "checkpoint/checkpoint.h"

namespace hlwq::checkpoint {

// A hash of config.json, of the headers of the files (names, shapes and places of all tensors) and of the first and the
// last 4 KiB of each tensor's parts; of 1024 parts, evenly, where there are more. Where the files lie
// does not count, nor when they were written. Other weights of the same shapes have another one unless they differ in
// nothing that is looked at. Throws Error{kIo}. Cost: up to 8 MiB read in pieces.
uint64_t ModelIdentity(const Checkpoint& checkpoint);

}  // namespace hlwq::checkpoint
