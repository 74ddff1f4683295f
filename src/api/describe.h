// The boxes' results as those of the public API.
#pragma once

#include "checkpoint/checkpoint.h"
#include "codec/error_stats.h"
#include "hlwq/checkpoint.h"
#include "tensor/dtype.h"

namespace hlwq::api {

WeightErrors Describe(const codec::ErrorStats& errors);

// With the errors that the manifest beside it recorded, where there is one. Reads no weights.
CheckpointInfo Describe(const checkpoint::Checkpoint& checkpoint);

DType TypeOf(FloatType type) noexcept;

}  // namespace hlwq::api
