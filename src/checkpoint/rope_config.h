// The rotary embedding that a config.json asks for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/json_reader.h"

namespace hlwq::checkpoint {

enum class RopeScaling : uint8_t { kNone, kLinear, kDynamic, kLlama3, kYarn };

// Letters as in the formulas of model/rope.cc.
struct RopeConfig {
  RopeScaling scaling = RopeScaling::kNone;
  double theta = 10000;
  size_t rotated = 0;             // r: the first r elements of a head are rotated; even
  double factor = 1;              // S
  double original_positions = 0;  // n: positions of the unscaled model
  double low_freq_factor = 1, high_freq_factor = 4;  // llama3
  double beta_fast = 32, beta_slow = 1;              // yarn
  bool truncate = true;                              // yarn: round the ends of the ramp
  double magnitude = 1;                              // m: of cosines and sines
};

// What a config leaves out.
struct RopeDefaults {
  size_t head_dim = 0;
  double partial_rotary_factor = 1;
  size_t max_positions = 0;  // max_position_embeddings
};

// Reads rope_parameters (transformers 5) or rope_theta and rope_scaling (4); as in transformers,
// rope_scaling counts where both are there. Throws Error{kInvalidData} naming the key,
// Error{kUnsupported} naming an unknown rope_type or a kind of layer with parameters of its own.
RopeConfig ReadRopeConfig(const JsonReader& text, const RopeDefaults& defaults);

}  // namespace hlwq::checkpoint
