#include "checkpoint/gguf_names.h"

#include <fmt/core.h>

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "codec/ggml_blocks.h"

namespace hlwq::checkpoint {
namespace {

struct Expected {
  std::string name;  // Hugging Face
  Shape shape;
  uint64_t permuted_heads = 0;  // 0: rows are in order
  bool found = false;
};

using ExpectedTensors = std::unordered_map<std::string, Expected>;

void AddLayer(ExpectedTensors& expected, const GgufModel& model, uint64_t layer) {
  const auto add = [&](std::string_view stored, std::string_view name, Shape shape,
                       uint64_t permuted_heads = 0) {
    expected.emplace(fmt::format("blk.{}.{}", layer, stored),
                     Expected{fmt::format("model.layers.{}.{}", layer, name), std::move(shape),
                              permuted_heads});
  };
  const uint64_t q_rows = model.heads * model.head_dim;
  const uint64_t kv_rows = model.kv_heads * model.head_dim;
  const uint64_t q_heads = model.HasPermutedHeads() ? model.heads : 0;
  const uint64_t k_heads = model.HasPermutedHeads() ? model.kv_heads : 0;

  add("attn_norm.weight", "input_layernorm.weight", {model.hidden});
  add("attn_q.weight", "self_attn.q_proj.weight", {q_rows, model.hidden}, q_heads);
  add("attn_k.weight", "self_attn.k_proj.weight", {kv_rows, model.hidden}, k_heads);
  add("attn_v.weight", "self_attn.v_proj.weight", {kv_rows, model.hidden});
  add("attn_output.weight", "self_attn.o_proj.weight", {model.hidden, q_rows});
  if (model.has_attention_bias) {
    add("attn_q.bias", "self_attn.q_proj.bias", {q_rows}, q_heads);
    add("attn_k.bias", "self_attn.k_proj.bias", {kv_rows}, k_heads);
    add("attn_v.bias", "self_attn.v_proj.bias", {kv_rows});
    if (model.model_type != "qwen2") add("attn_output.bias", "self_attn.o_proj.bias", {model.hidden});
  }
  if (model.model_type == "qwen3") {
    add("attn_q_norm.weight", "self_attn.q_norm.weight", {model.head_dim});
    add("attn_k_norm.weight", "self_attn.k_norm.weight", {model.head_dim});
  }
  add("ffn_norm.weight", "post_attention_layernorm.weight", {model.hidden});
  add("ffn_gate.weight", "mlp.gate_proj.weight", {model.intermediate, model.hidden});
  add("ffn_up.weight", "mlp.up_proj.weight", {model.intermediate, model.hidden});
  add("ffn_down.weight", "mlp.down_proj.weight", {model.hidden, model.intermediate});
  if (model.has_mlp_bias) {
    add("ffn_gate.bias", "mlp.gate_proj.bias", {model.intermediate});
    add("ffn_up.bias", "mlp.up_proj.bias", {model.intermediate});
    add("ffn_down.bias", "mlp.down_proj.bias", {model.hidden});
  }
}

ExpectedTensors ListTensors(const io::GgufHeader& header, const GgufModel& model) {
  if (model.layers > header.tensors.size()) {
    throw Error(ErrorCode::kInvalidData, fmt::format("{} layers, but only {} tensors", model.layers,
                                                     header.tensors.size()));
  }
  ExpectedTensors expected;
  expected["token_embd.weight"] = {"model.embed_tokens.weight", {model.vocab, model.hidden}};
  expected["output_norm.weight"] = {"model.norm.weight", {model.hidden}};
  if (!model.has_tied_head) expected["output.weight"] = {"lm_head.weight", {model.vocab, model.hidden}};
  for (uint64_t layer = 0; layer < model.layers; ++layer) AddLayer(expected, model, layer);
  return expected;
}

DType OutputDType(codec::GgmlType type) noexcept {
  switch (type) {
    case codec::GgmlType::kF32: return DType::kF32;
    case codec::GgmlType::kBF16: return DType::kBF16;
    default: return DType::kF16;
  }
}

TensorEntry MapTensor(const io::GgufTensor& tensor, const Expected& expected,
                      const GgufModel& model) {
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
  GgmlStorage storage{{0, tensor.offset, tensor.bytes}, *type, {}};
  if (expected.permuted_heads > 0) {
    if (tensor.shape.size() == 1 && codec::GgmlBlockWeights(*type) != 1) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("'{}': a bias in blocks ({})", tensor.name,
                              codec::GgmlTypeName(*type)));
    }
    storage.row_map = UnpermutedHeads(expected.permuted_heads, model.head_dim);
  }
  return {expected.name, OutputDType(*type), tensor.shape, std::move(storage)};
}

}  // namespace

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
  ExpectedTensors expected = ListTensors(header, model);
  std::vector<TensorEntry> entries;
  entries.reserve(header.tensors.size());
  for (const io::GgufTensor& tensor : header.tensors) {
    if (tensor.name == "rope_freqs.weight") continue;  // becomes config.json's rope_scaling
    const auto found = expected.find(tensor.name);
    if (found == expected.end()) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("'{}': architecture '{}' with {} layers has no such tensor",
                              tensor.name, model.model_type, model.layers));
    }
    entries.push_back(MapTensor(tensor, found->second, model));
    found->second.found = true;
  }
  for (const auto& [name, tensor] : expected) {
    if (!tensor.found) {
      throw Error(ErrorCode::kInvalidData, fmt::format("tensor '{}' is missing", name));
    }
  }
  return entries;
}

}  // namespace hlwq::checkpoint
