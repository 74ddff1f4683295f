#include "checkpoint/catalog/parts.h"

namespace hlwq::checkpoint {

void AddGatedDeltaNet(CatalogBuilder& builder, const Scope& scope, const Family& family,
                      const TextConfig& config) {
  const uint64_t hidden = config.hidden;
  const uint64_t key_rows = config.key_heads * config.key_dim;
  const uint64_t value_rows = config.value_heads * config.value_dim;
  const uint64_t qkv_rows = 2 * key_rows + value_rows;
  const uint64_t value_heads = config.value_heads;
  if (family.fuses_delta_inputs) {
    builder.Add(scope, "linear_attn.in_proj_qkvz.weight", {qkv_rows + value_rows, hidden},
                Role::kLinearAttentionQkv);
    builder.Add(scope, "linear_attn.in_proj_ba.weight", {2 * value_heads, hidden},
                Role::kLinearAttentionGate);
  } else {
    builder.Add(scope, "linear_attn.in_proj_qkv.weight", {qkv_rows, hidden},
                Role::kLinearAttentionQkv);
    builder.Add(scope, "linear_attn.in_proj_z.weight", {value_rows, hidden},
                Role::kLinearAttentionZ);
    builder.Add(scope, "linear_attn.in_proj_b.weight", {value_heads, hidden},
                Role::kLinearAttentionGate);
    builder.Add(scope, "linear_attn.in_proj_a.weight", {value_heads, hidden},
                Role::kLinearAttentionGate);
  }
  builder.Add(scope, "linear_attn.conv1d.weight", {qkv_rows, 1, config.conv_kernel},
              Role::kLinearAttentionConv);
  builder.Add(scope, "linear_attn.A_log", {value_heads}, Role::kLinearAttentionGate);
  builder.Add(scope, "linear_attn.dt_bias", {value_heads}, Role::kLinearAttentionGate);
  builder.Add(scope, "linear_attn.norm.weight", {config.value_dim}, Role::kNorm);
  builder.Add(scope, "linear_attn.out_proj.weight", {hidden, value_rows},
              Role::kLinearAttentionOut);
}

}  // namespace hlwq::checkpoint
