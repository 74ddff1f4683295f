// From config.json to the model metadata of a GGUF file: the inverse of gguf/model.h and gguf/rope.h
// (docs/gguf.md, "Writing").
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "checkpoint/gguf/model.h"
#include "io/gguf_value.h"

namespace hlwq::checkpoint {

struct GgufModelMetadata {
  GgufModel model;                  // mistral is a llama
  io::GgufMetadata metadata;        // general.architecture and {architecture}.*
  std::vector<float> rope_factors;  // content of rope_freqs.weight; empty: the file has none
  std::vector<std::string> notes;
};

// `has_stored_head`: lm_head.weight is among the tensors. Throws Error{kUnsupported} for a model_type
// or a property that llama.cpp does not compute in these architectures (llama, mistral, qwen2, qwen3,
// qwen3_moe), naming it; Error{kInvalidData} as ReadTextConfig.
// @post ReadGgufModel and ReadRopeScaling of a file with this metadata say what the config says.
GgufModelMetadata MakeModelMetadata(const nlohmann::json& config, bool has_stored_head);

}  // namespace hlwq::checkpoint
