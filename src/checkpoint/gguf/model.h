// What the metadata of a GGUF file says about its model, checked: the numbers that name tensors,
// shapes and config.json are made from (docs/gguf.md, "Metadata").
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/gguf.h"

namespace hlwq::checkpoint {

// Gives the stored bytes of a tensor; small ones only are asked for.
using GgufTensorBytes = std::function<std::vector<std::byte>(const io::GgufTensor&)>;

struct GgufModel {
  std::string model_type;  // "llama", "qwen2", "qwen3", "qwen3_moe": as transformers calls it
  uint64_t hidden = 0;
  uint64_t layers = 0;
  uint64_t intermediate = 0;
  uint64_t heads = 0;
  uint64_t kv_heads = 0;
  uint64_t head_dim = 0;
  uint64_t context = 0;  // tokens
  uint64_t vocab = 0;    // rows of the embedding
  double rms_norm_eps = 0;
  double rope_theta = 10000;
  uint64_t experts = 0;  // of each layer; 0: dense
  uint64_t experts_used = 0;
  uint64_t expert_intermediate = 0;
  bool has_tied_head = false;
  bool has_attention_bias = false;
  bool has_mlp_bias = false;

  // llama.cpp rotates neighbours (2j, 2j+1) in the llama family, so its converter reorders the rows
  // of q and k; qwen's are stored as they are.
  bool HasPermutedHeads() const { return model_type == "llama"; }
  bool HasQkNorms() const { return model_type == "qwen3" || model_type == "qwen3_moe"; }
};

// What llama.cpp calls the family of the model: "llama", "qwen2", "qwen3", "qwen3moe".
std::string_view GgufArchitecture(const GgufModel& model) noexcept;

// Throws Error{kUnsupported} for an architecture, file kind or property that is not handled (it is
// named), Error{kInvalidData} for a key that is missing, of the wrong type or out of range.
GgufModel ReadGgufModel(const io::GgufHeader& header);

// The number a float32 was written as: the shortest decimal that gives the same float32 (1e-05, not
// 9.999999747378752e-06).
double ShortestDecimal(double float32_value);

// `{architecture}.{suffix}`.
std::string GgufKey(const GgufModel& model, std::string_view suffix);

}  // namespace hlwq::checkpoint
