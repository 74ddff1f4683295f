#include "model/dense_layer.h"

#include "model/attention_layer.h"
#include "model/dense_mlp.h"

namespace hlwq::model {

Layer BindDenseLayer(const LayerBinder& binder) {
  const ModelConfig& config = binder.config();
  const AttentionConfig attention = {.layer = binder.layer(),
                                     .heads = config.sizes.heads,
                                     .kv_heads = config.sizes.kv_heads,
                                     .head_dim = config.sizes.head_dim,
                                     .window = config.windows[binder.layer()],
                                     .norm_epsilon = config.norm_epsilon};
  AttentionWeights weights = {.q = binder.Matrix("self_attn.q_proj"),
                              .k = binder.Matrix("self_attn.k_proj"),
                              .v = binder.Matrix("self_attn.v_proj"),
                              .o = binder.Matrix("self_attn.o_proj"),
                              .q_norm = {},
                              .k_norm = {}};
  if (config.has_qk_norm) {
    weights.q_norm = binder.Vector("self_attn.q_norm.weight");
    weights.k_norm = binder.Vector("self_attn.k_norm.weight");
  }
  return {.mixer_norm = binder.Vector("input_layernorm.weight"),
          .mixer = std::make_unique<AttentionLayer>(attention, std::move(weights)),
          .feed_forward_norm = binder.Vector("post_attention_layernorm.weight"),
          .feed_forward = std::make_unique<DenseMlp>(binder.Matrix("mlp.gate_proj"),
                                                     binder.Matrix("mlp.up_proj"),
                                                     binder.Matrix("mlp.down_proj"))};
}

}  // namespace hlwq::model
