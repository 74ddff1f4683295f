#include "model/workspace.h"

#include <algorithm>

namespace hlwq::model {
namespace {

constexpr size_t kLogitBytes = 8u << 20;
constexpr size_t kLeastLogitTokens = 16;

size_t LogitTokens(const ModelConfig& config, size_t max_tokens) noexcept {
  const size_t tokens = std::clamp(kLogitBytes / (config.sizes.vocab * sizeof(float)),
                                   kLeastLogitTokens, Workspace::kMostLogitTokens);
  return std::min(tokens, max_tokens);
}

bool HasDeltaLayers(const checkpoint::TextConfig& sizes) noexcept {
  return !std::ranges::all_of(sizes.layers, &checkpoint::LayerKind::has_attention);
}

}  // namespace

Workspace::Workspace(const ModelConfig& config, size_t max_tokens)
    : max_tokens_(max_tokens), logit_tokens_(LogitTokens(config, max_tokens)) {
  const auto& sizes = config.sizes;
  const size_t attention_width = sizes.heads * sizes.head_dim;
  const size_t kv_width = sizes.kv_heads * sizes.head_dim;
  residual = Rows(max_tokens, sizes.hidden);
  update = Rows(max_tokens, sizes.hidden);
  hidden = LinearInput(max_tokens, sizes.hidden);
  queries = Rows(max_tokens, attention_width);
  keys = Rows(max_tokens, kv_width);
  values = Rows(max_tokens, kv_width);
  attention = LinearInput(max_tokens, attention_width);
  if (config.family->has_output_gate) gated_queries = Rows(max_tokens, 2 * attention_width);
  mlp = MlpScratch(max_tokens, sizes.intermediate);
  shared_mlp = MlpScratch(max_tokens, sizes.shared_intermediate);
  if (sizes.experts > 0) moe = MoeScratch(config, max_tokens);
  if (HasDeltaLayers(sizes)) delta = DeltaScratch(config, max_tokens);
  cosines = Rows(max_tokens, config.rope.rotated / 2);
  sines = Rows(max_tokens, config.rope.rotated / 2);
  segment_of.resize(max_tokens);
  logits = Rows(logit_tokens_, sizes.vocab);
}

size_t Workspace::Bytes(const ModelConfig& config, size_t tokens) noexcept {
  const auto& sizes = config.sizes;
  const size_t attention_width = sizes.heads * sizes.head_dim;
  const size_t inner = sizes.intermediate + sizes.shared_intermediate;
  const size_t inputs = sizes.hidden + attention_width + inner;
  const size_t rows = 2 * sizes.hidden +
                      attention_width * (config.family->has_output_gate ? 3 : 1) +
                      2 * sizes.kv_heads * sizes.head_dim + inner + config.rope.rotated;
  return tokens * (LinearInput::Bytes(inputs) + rows * 4) +
         LogitTokens(config, tokens) * sizes.vocab * 4 + MoeScratch::Bytes(config, tokens) +
         (HasDeltaLayers(sizes) ? DeltaScratch::Bytes(config, tokens) : 0);
}

void Workspace::ReserveAttentionParts(size_t floats) {
  if (attention_parts.size() < floats) attention_parts.resize(floats + floats / 2);
}

}  // namespace hlwq::model
