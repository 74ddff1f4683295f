// What a config.json says about computing with a model.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "checkpoint/catalog/family.h"
#include "checkpoint/rope_config.h"

namespace hlwq::model {

struct ModelConfig {
  std::string model_type;
  checkpoint::TextConfig sizes;
  size_t max_positions = 0;  // max_position_embeddings: the context it was made for
  float norm_epsilon = 0;
  bool has_qk_norm = false;
  bool is_tied = false;  // the embedding is the head, unless one is stored
  checkpoint::RopeConfig rope;
  // Of each layer: how many tokens back attention sees, itself included; 0 means all.
  std::vector<size_t> windows;
};

// Reads a parsed config.json, nested or flat, transformers 4 or 5. Throws Error{kInvalidData} naming
// the key, Error{kUnsupported} for a model_type or a setting this runtime does not compute.
ModelConfig ReadModelConfig(const nlohmann::json& config);

}  // namespace hlwq::model
