// What is known of single tensors.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hlwq {

// Types of values that are not codes.
enum class FloatType : uint8_t { kF16, kBF16, kF32 };

// How far weights w' are from the original weights w.
struct WeightErrors {
  uint64_t weights = 0;
  double signal = 0;         // sum of w^2
  double noise = 0;          // sum of (w - w')^2
  double cosine = 1;         // of the angle between w and w'
  double max_abs_error = 0;  // largest |w - w'|

  // 10 log10(signal / noise): +infinity without noise, NaN where all weights are zero.
  double SnrDb() const noexcept {
    return signal == 0 && noise == 0 ? std::nan("") : 10 * std::log10(signal / noise);
  }
};

struct TensorInfo {
  std::string name;             // "model.layers.0.self_attn.q_proj.weight"
  std::vector<uint64_t> shape;  // outermost axis first; empty: a scalar
  std::string role;             // what it is for: "attention_q", "expert_up", "other"
  int layer = -1;               // -1: outside the layers
  std::string storage;          // "BF16", "hlwq 5 bits lloyd-max", "Q4_K"
  bool is_quantized = false;
  uint64_t stored_bytes = 0;
  double bits_per_weight = 0;          // of what is stored, multipliers and padding included
  std::optional<WeightErrors> errors;  // what quantizing it cost, where that is known
};

}  // namespace hlwq
