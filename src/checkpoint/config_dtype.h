// The type that config.json says a model computes in.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "tensor/dtype.h"

namespace hlwq::checkpoint {

// `dtype`, or `torch_dtype` as transformers 4 calls it, else those of its text_config: F16, BF16 or F32.
// Empty where nothing, or something else, is said.
std::optional<DType> ConfigDType(const nlohmann::json& config);

}  // namespace hlwq::checkpoint
