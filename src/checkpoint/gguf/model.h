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

#include "checkpoint/catalog/family.h"
#include "io/gguf.h"

namespace hlwq::checkpoint {

// Gives the stored bytes of a tensor; small ones only are asked for.
using GgufTensorBytes = std::function<std::vector<std::byte>(const io::GgufTensor&)>;

struct GgufModel {
  const Family* family = nullptr;  // never null in a model that was read; its gguf has a name
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
};

// What a file of llama.cpp's `architecture` is read as; nullptr: it is not read.
const Family* FindGgufFamily(std::string_view architecture) noexcept;

// Throws Error{kUnsupported} for an architecture, file kind or property that is not handled (it is
// named), Error{kInvalidData} for a key that is missing, of the wrong type or out of range.
GgufModel ReadGgufModel(const io::GgufHeader& header);

// The number a float32 was written as: the shortest decimal that gives the same float32 (1e-05, not
// 9.999999747378752e-06).
double ShortestDecimal(double float32_value);

// `{architecture}.{suffix}`.
std::string GgufKey(const GgufModel& model, std::string_view suffix);

}  // namespace hlwq::checkpoint
