// A checkpoint that does not exist: the shapes of a real model, random weights made on demand. For
// trials of capacity and speed on one's own machine.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "checkpoint/checkpoint.h"

namespace hlwq::checkpoint {

// Every tensor of the model that `config` describes (the first `layers` of it, 0: all), BF16, with
// weights of a plausible scale: matrices around 0, norms around 1 (0 where the family centres them
// there), biases 0. Equal seeds give equal weights. With `zipf` above 0 the choice of experts
// follows Zipf's law with this exponent (skewed_routers.h); otherwise random routers want all of
// them alike. Neither is how trained models route. Throws Error{kUnsupported} for an unknown
// model_type, Error{kInvalidData} as BuildCatalog does, and as SkewedRouters.
Checkpoint OpenSynthetic(const nlohmann::json& config, uint64_t seed, int layers, double zipf = 0);

}  // namespace hlwq::checkpoint
