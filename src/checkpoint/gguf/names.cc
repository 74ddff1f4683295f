#include "checkpoint/gguf/names.h"

#include <fmt/core.h>

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "codec/ggml_blocks.h"

namespace hlwq::checkpoint {
namespace {

void AddLayer(std::vector<GgufTensorSpec>& tensors, const GgufModel& model, uint64_t layer) {
  const auto add = [&](std::string_view stored, std::string_view name, Shape shape,
                       uint64_t permuted_heads = 0) {
    tensors.push_back({.stored = fmt::format("blk.{}.{}", layer, stored),
                       .name = fmt::format("model.layers.{}.{}", layer, name),
                       .shape = std::move(shape),
                       .permuted_heads = permuted_heads});
  };
  const uint64_t q_rows = model.heads * model.head_dim;
  const uint64_t kv_rows = model.kv_heads * model.head_dim;
  const uint64_t q_heads = model.family->gguf.has_permuted_heads ? model.heads : 0;
  const uint64_t k_heads = model.family->gguf.has_permuted_heads ? model.kv_heads : 0;

  add("attn_norm.weight", "input_layernorm.weight", {model.hidden});
  add("attn_q.weight", "self_attn.q_proj.weight", {q_rows, model.hidden}, q_heads);
  add("attn_k.weight", "self_attn.k_proj.weight", {kv_rows, model.hidden}, k_heads);
  add("attn_v.weight", "self_attn.v_proj.weight", {kv_rows, model.hidden});
  add("attn_output.weight", "self_attn.o_proj.weight", {model.hidden, q_rows});
  if (model.has_attention_bias) {
    add("attn_q.bias", "self_attn.q_proj.bias", {q_rows}, q_heads);
    add("attn_k.bias", "self_attn.k_proj.bias", {kv_rows}, k_heads);
    add("attn_v.bias", "self_attn.v_proj.bias", {kv_rows});
    if (model.family->qkv_bias != QkvBias::kAlwaysExceptO) {
      add("attn_output.bias", "self_attn.o_proj.bias", {model.hidden});
    }
  }
  if (model.family->has_qk_norm) {
    add("attn_q_norm.weight", "self_attn.q_norm.weight", {model.head_dim});
    add("attn_k_norm.weight", "self_attn.k_norm.weight", {model.head_dim});
  }
  add("ffn_norm.weight", "post_attention_layernorm.weight", {model.hidden});
  if (model.experts > 0) {
    const auto add_experts = [&](std::string_view stored, std::string_view projection,
                                 Shape shape) {
      add(stored, fmt::format("mlp.experts.{{}}.{}.weight", projection), std::move(shape));
      tensors.back().is_expert = true;
    };
    const uint64_t inner = model.expert_intermediate;
    add("ffn_gate_inp.weight", "mlp.gate.weight", {model.experts, model.hidden});
    tensors.back().is_router = true;
    add_experts("ffn_gate_exps.weight", "gate_proj", {model.experts, inner, model.hidden});
    add_experts("ffn_up_exps.weight", "up_proj", {model.experts, inner, model.hidden});
    add_experts("ffn_down_exps.weight", "down_proj", {model.experts, model.hidden, inner});
    return;
  }
  add("ffn_gate.weight", "mlp.gate_proj.weight", {model.intermediate, model.hidden});
  add("ffn_up.weight", "mlp.up_proj.weight", {model.intermediate, model.hidden});
  add("ffn_down.weight", "mlp.down_proj.weight", {model.hidden, model.intermediate});
  if (model.has_mlp_bias) {
    add("ffn_gate.bias", "mlp.gate_proj.bias", {model.intermediate});
    add("ffn_up.bias", "mlp.up_proj.bias", {model.intermediate});
    add("ffn_down.bias", "mlp.down_proj.bias", {model.hidden});
  }
}

DType OutputDType(codec::GgmlType type) noexcept {
  switch (type) {
    case codec::GgmlType::kF32:
      return DType::kF32;
    case codec::GgmlType::kBF16:
      return DType::kBF16;
    default:
      return DType::kF16;
  }
}

// Adds the entry of a stored tensor, or one for each expert in it.
void MapTensor(const io::GgufTensor& tensor, const GgufTensorSpec& expected, const GgufModel& model,
               std::vector<TensorEntry>& entries) {
  const std::optional<codec::GgmlType> type = codec::GgmlTypeFromNumber(tensor.type);
  if (!type) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("'{}': type {} (known: F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, "
                            "Q4_K, Q5_K, Q6_K)",
                            tensor.name, io::FindGgufType(tensor.type)->name));
  }
  if (tensor.shape != expected.shape) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("'{}': want shape {}, got {}", tensor.name,
                            ShapeToString(expected.shape), ShapeToString(tensor.shape)));
  }
  GgmlStorage storage{{tensor.file, tensor.offset, tensor.bytes}, *type, {}};
  if (expected.permuted_heads > 0) {
    if (tensor.shape.size() == 1 && codec::GgmlBlockWeights(*type) != 1) {
      throw Error(ErrorCode::kUnsupported, fmt::format("'{}': a bias in blocks ({})", tensor.name,
                                                       codec::GgmlTypeName(*type)));
    }
    storage.row_map = UnpermutedHeads(expected.permuted_heads, model.head_dim);
  }
  const DType dtype = OutputDType(*type);
  if (!expected.is_expert) {
    entries.push_back({expected.name, dtype, tensor.shape, std::move(storage)});
    return;
  }
  const uint64_t bytes = tensor.bytes / tensor.shape[0];
  for (uint64_t expert = 0; expert < tensor.shape[0]; ++expert) {
    entries.push_back(
        {ExpertName(expected, expert),
         dtype,
         {tensor.shape[1], tensor.shape[2]},
         GgmlStorage{{tensor.file, tensor.offset + expert * bytes, bytes}, *type, {}}});
  }
}

}  // namespace

std::string ExpertName(const GgufTensorSpec& tensor, uint64_t expert) {
  return fmt::format(fmt::runtime(tensor.name), expert);
}

std::vector<GgufTensorSpec> ListGgufTensors(const GgufModel& model) {
  std::vector<GgufTensorSpec> tensors;
  const Shape vocabulary = {model.vocab, model.hidden};
  tensors.push_back(
      {.stored = "token_embd.weight", .name = "model.embed_tokens.weight", .shape = vocabulary});
  tensors.push_back(
      {.stored = "output_norm.weight", .name = "model.norm.weight", .shape = {model.hidden}});
  if (!model.has_tied_head) {
    tensors.push_back({.stored = "output.weight", .name = "lm_head.weight", .shape = vocabulary});
  }
  for (uint64_t layer = 0; layer < model.layers; ++layer) AddLayer(tensors, model, layer);
  return tensors;
}

std::vector<uint64_t> UnpermutedHeads(uint64_t heads, uint64_t head_dim) {
  std::vector<uint64_t> map;
  map.reserve(heads * head_dim);
  const uint64_t half = head_dim / 2;
  for (uint64_t head = 0; head < heads; ++head) {
    for (uint64_t row = 0; row < head_dim; ++row) {
      map.push_back(head * head_dim + row % half * 2 + row / half);
    }
  }
  return map;
}

std::vector<TensorEntry> MapGgufTensors(const io::GgufHeader& header, const GgufModel& model) {
  if (model.layers > header.tensors.size()) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("{} layers, but only {} tensors", model.layers, header.tensors.size()));
  }
  std::unordered_map<std::string, GgufTensorSpec> expected;
  for (GgufTensorSpec& tensor : ListGgufTensors(model)) {
    std::string stored = tensor.stored;
    expected.emplace(std::move(stored), std::move(tensor));
  }
  std::vector<TensorEntry> entries;
  entries.reserve(header.tensors.size());
  for (const io::GgufTensor& tensor : header.tensors) {
    if (tensor.name == kRopeFactorsName) continue;  // becomes config.json's rope_scaling
    const auto found = expected.find(tensor.name);
    if (found == expected.end()) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("'{}': architecture '{}' with {} layers has no such tensor",
                              tensor.name, model.family->gguf.architecture, model.layers));
    }
    MapTensor(tensor, found->second, model, entries);
    expected.erase(found);
  }
  if (!expected.empty()) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("tensor '{}' is missing", expected.begin()->first));
  }
  return entries;
}

}  // namespace hlwq::checkpoint
