#include <fmt/format.h>

#include "checkpoint/catalog/parts.h"

namespace hlwq::checkpoint {

// Two norms, a projection of [embedding, hidden state] to one, and ordinary layers with full
// attention. Published checkpoints have it or lack it under the same config.
void AddMtp(CatalogBuilder& builder, const Family& family, const TextConfig& config,
            bool has_fused_experts) {
  if (config.mtp_layers == 0) return;
  const uint64_t hidden = config.hidden;
  const Scope head{.prefix = "mtp", .is_mtp = true};
  builder.Add(head, "fc.weight", {hidden, 2 * hidden}, Role::kMtp);
  builder.Add(head, "pre_fc_norm_embedding.weight", {hidden}, Role::kMtp);
  builder.Add(head, "pre_fc_norm_hidden.weight", {hidden}, Role::kMtp);
  const LayerKind kind{.feed_forward =
                           config.experts > 0 ? FeedForward::kExperts : FeedForward::kDense};
  for (uint64_t layer = 0; layer < config.mtp_layers; ++layer) {
    const Scope scope{.prefix = fmt::format("mtp.layers.{}", layer), .is_mtp = true};
    AddDecoderLayer(builder, scope, family, config, {kind, has_fused_experts});
  }
  builder.Add(head, "norm.weight", {hidden}, Role::kMtp);
}

}  // namespace hlwq::checkpoint
