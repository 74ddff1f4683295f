// Names of modules as CompressedTensors configurations speak of them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/catalog.h"

namespace hlwq::convert {

// "model.layers.0.mlp.up_proj" of "model.layers.0.mlp.up_proj.weight".
std::string_view ModuleName(std::string_view tensor);

// What selects exactly `chosen` among `chosen` and `others` (matrices of one model): expressions like
// "re:.*layers\\.\\d+\\.mlp\\.up_proj$", which hold whatever prefix an engine gives the layers, and
// full names where such an expression would select one of `others` too. Sorted, without repetition.
std::vector<std::string> TargetsOf(std::span<const checkpoint::TensorSpec* const> chosen,
                                   std::span<const checkpoint::TensorSpec* const> others);

}  // namespace hlwq::convert
