// What a config.json says about computing with a model.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/catalog/text_config.h"
#include "checkpoint/rope_config.h"

namespace hlwq::model {

struct PlaceholderToken {
  int64_t id = 0;
  std::string_view what;  // "an image"
};

struct ModelConfig {
  std::string model_type;
  checkpoint::TextConfig sizes;
  size_t max_positions = 0;  // max_position_embeddings: the context it was made for
  float norm_epsilon = 0;
  const checkpoint::Family* family = nullptr;  // never null
  bool is_tied = false;                        // the embedding is the head, unless one is stored
  checkpoint::RopeConfig rope;
  // Tokens that stand for what this runtime does not read: images and videos.
  std::vector<PlaceholderToken> placeholders;
};

// Rows of the convolution of a gated delta net: q, k and v of all heads.
inline size_t DeltaChannels(const checkpoint::TextConfig& sizes) noexcept {
  return 2 * sizes.key_heads * sizes.key_dim + sizes.value_heads * sizes.value_dim;
}

// Reads a parsed config.json, nested or flat, transformers 4 or 5. Throws Error{kInvalidData} naming
// the key, Error{kUnsupported} for a model_type or a setting this runtime does not compute.
ModelConfig ReadModelConfig(const nlohmann::json& config);

}  // namespace hlwq::model
