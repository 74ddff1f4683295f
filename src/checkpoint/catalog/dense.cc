#include "checkpoint/catalog/parts.h"

namespace hlwq::checkpoint {

void AddAttention(CatalogBuilder& builder, const Scope& scope, const Family& family,
                  const TextConfig& config) {
  const uint64_t attention = config.heads * config.head_dim;
  const uint64_t q_rows = family.has_output_gate ? 2 * attention : attention;
  const uint64_t kv_rows = config.kv_heads * config.head_dim;
  builder.Add(scope, "self_attn.q_proj.weight", {q_rows, config.hidden}, Role::kAttentionQ);
  builder.Add(scope, "self_attn.k_proj.weight", {kv_rows, config.hidden}, Role::kAttentionK);
  builder.Add(scope, "self_attn.v_proj.weight", {kv_rows, config.hidden}, Role::kAttentionV);
  builder.Add(scope, "self_attn.o_proj.weight", {config.hidden, attention}, Role::kAttentionO);
  if (config.has_attention_bias || family.qkv_bias == QkvBias::kAlwaysExceptO) {
    builder.Add(scope, "self_attn.q_proj.bias", {q_rows}, Role::kBias);
    builder.Add(scope, "self_attn.k_proj.bias", {kv_rows}, Role::kBias);
    builder.Add(scope, "self_attn.v_proj.bias", {kv_rows}, Role::kBias);
  }
  if (config.has_attention_bias) {
    builder.Add(scope, "self_attn.o_proj.bias", {config.hidden}, Role::kBias);
  }
  if (family.has_qk_norm) {
    builder.Add(scope, "self_attn.q_norm.weight", {config.head_dim}, Role::kNorm);
    builder.Add(scope, "self_attn.k_norm.weight", {config.head_dim}, Role::kNorm);
  }
}

void AddDenseMlp(CatalogBuilder& builder, const Scope& scope, const TextConfig& config) {
  const uint64_t hidden = config.hidden;
  const uint64_t inner = config.intermediate;
  builder.Add(scope, "mlp.gate_proj.weight", {inner, hidden}, Role::kMlpGate);
  builder.Add(scope, "mlp.up_proj.weight", {inner, hidden}, Role::kMlpUp);
  builder.Add(scope, "mlp.down_proj.weight", {hidden, inner}, Role::kMlpDown);
  if (config.has_mlp_bias) {
    builder.Add(scope, "mlp.gate_proj.bias", {inner}, Role::kBias);
    builder.Add(scope, "mlp.up_proj.bias", {inner}, Role::kBias);
    builder.Add(scope, "mlp.down_proj.bias", {hidden}, Role::kBias);
  }
}

}  // namespace hlwq::checkpoint
