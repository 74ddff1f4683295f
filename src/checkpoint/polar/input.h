// What the recognition of polar_state looks at: stored tensors and the two JSON files.
#pragma once

#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/polar/config.h"
#include "checkpoint/stored_tensors.h"

namespace hlwq::checkpoint {

struct PolarInput : StoredInput {
  const nlohmann::json& config;  // config.json or null
  const PolarConfig& polar_config;
};

struct PolarContents {
  Format format = Format::kPolarState;
  std::vector<TensorEntry> tensors;
  std::vector<std::string> notes;
};

}  // namespace hlwq::checkpoint
