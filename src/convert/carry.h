// Tensors that a conversion takes along without coding them.
#pragma once

#include <cstdint>
#include <optional>

#include "checkpoint/checkpoint.h"
#include "codec/backend.h"
#include "convert/job.h"

namespace hlwq::convert {

// Adds the task and the output of `entry` to the job and its size to job.reports.back(). Plain
// tensors are copied byte for byte; coded ones are decoded to `dtype`, by default the entry's.
void AddCarried(Job& job, const checkpoint::Checkpoint& source,
                const checkpoint::TensorEntry& entry, const codec::Backend& backend, uint64_t group,
                std::optional<DType> dtype = std::nullopt);

}  // namespace hlwq::convert
