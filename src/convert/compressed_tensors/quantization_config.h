// The quantization_config of config.json that tells engines how a CompressedTensors checkpoint is
// stored (docs/format-compressed-tensors.md).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "checkpoint/catalog.h"

namespace hlwq::convert {

// Of one tensor of the export.
struct IntModule {
  const checkpoint::TensorSpec* spec = nullptr;
  uint32_t group = 0;       // 0: not quantized
  bool is_rotated = false;  // stored rotated, and its inputs are to be rotated by the engine
};

// One config group for each group size. `modules` are all tensors of the model; the matrices among them
// that keep their dtype are listed under "ignore".
nlohmann::json QuantizationConfig(const std::vector<IntModule>& modules, int bits);

}  // namespace hlwq::convert
