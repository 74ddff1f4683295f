#include "model/decoder_layer.h"

#include <optional>
#include <utility>

#include "model/attention_layer.h"
#include "model/bind_delta.h"
#include "model/dense_mlp.h"
#include "model/moe_layer.h"

namespace hlwq::model {
namespace {

std::unique_ptr<const Block> BindAttention(const LayerBinder& binder) {
  const ModelConfig& config = binder.config();
  const AttentionConfig attention = {.layer = binder.layer(),
                                     .heads = config.sizes.heads,
                                     .kv_heads = config.sizes.kv_heads,
                                     .head_dim = config.sizes.head_dim,
                                     .window = config.sizes.WindowOf(binder.layer()),
                                     .norm_epsilon = config.norm_epsilon,
                                     .has_output_gate = config.family->has_output_gate};
  AttentionWeights weights = {.q = binder.Matrix("self_attn.q_proj"),
                              .k = binder.Matrix("self_attn.k_proj"),
                              .v = binder.Matrix("self_attn.v_proj"),
                              .o = binder.Matrix("self_attn.o_proj"),
                              .q_norm = {},
                              .k_norm = {}};
  if (config.family->has_qk_norm) {
    weights.q_norm = binder.Norm("self_attn.q_norm.weight");
    weights.k_norm = binder.Norm("self_attn.k_norm.weight");
  }
  return std::make_unique<AttentionLayer>(attention, std::move(weights));
}

std::unique_ptr<const Block> BindExperts(const LayerBinder& binder) {
  const ModelConfig& config = binder.config();
  MoeConfig moe = {.layer = binder.layer(),
                   .top_k = config.sizes.top_k,
                   .has_top_k_norm = config.sizes.has_top_k_norm,
                   .norm_epsilon = config.norm_epsilon};
  const std::vector<ExpertMatrices>& experts = binder.Experts();
  for (const ExpertMatrices& expert : experts) {
    moe.gate_up_forms = moe.gate_up_forms | FormsOf(expert.gate) | FormsOf(expert.up);
    moe.down_forms = moe.down_forms | FormsOf(expert.down);
    moe.expert_bytes += BytesOf(expert);
  }
  moe.expert_bytes /= experts.size();
  std::optional<SharedExpert> shared;
  if (config.family->has_shared_expert) {
    shared = {.mlp = DenseMlp(binder.Matrix("mlp.shared_expert.gate_proj"),
                              binder.Matrix("mlp.shared_expert.up_proj"),
                              binder.Matrix("mlp.shared_expert.down_proj"), &Workspace::shared_mlp),
              .gate = binder.Matrix("mlp.shared_expert_gate")};
  }
  return std::make_unique<MoeLayer>(moe, binder.Matrix("mlp.gate"), std::move(shared));
}

std::unique_ptr<const Block> BindDense(const LayerBinder& binder) {
  return std::make_unique<DenseMlp>(binder.Matrix("mlp.gate_proj"), binder.Matrix("mlp.up_proj"),
                                    binder.Matrix("mlp.down_proj"), &Workspace::mlp);
}

}  // namespace

Layer BindDecoderLayer(const LayerBinder& binder) {
  const checkpoint::LayerKind kind = binder.config().sizes.layers[binder.layer()];
  return {.mixer_norm = binder.Norm("input_layernorm.weight"),
          .mixer = kind.has_attention() ? BindAttention(binder) : BindDelta(binder),
          .feed_forward_norm = binder.Norm("post_attention_layernorm.weight"),
          .feed_forward = kind.has_experts() ? BindExperts(binder) : BindDense(binder)};
}

}  // namespace hlwq::model
