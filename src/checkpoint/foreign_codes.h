// Weights that were coded by a method whose codes are not read here.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "checkpoint/checkpoint.h"

namespace hlwq::checkpoint {

// Throws Error{kUnsupported} naming the method, by config.json or by the names of tensors. To be called
// before weights are converted or computed with: the codes would pass for integers of the model.
void RefuseForeignCodes(const Checkpoint& checkpoint);
// The same by config.json alone; `where` it is.
void RefuseForeignCodes(const nlohmann::json& config, const std::string& where);

}  // namespace hlwq::checkpoint
