// The parts that decoder layers are made of, each adding its tensors to a catalog.
#pragma once

#include "checkpoint/catalog/builder.h"
#include "checkpoint/catalog/text_config.h"

namespace hlwq::checkpoint {

// dense.cc
void AddAttention(CatalogBuilder& builder, const Scope& scope, const Family& family,
                  const TextConfig& config);
void AddDenseMlp(CatalogBuilder& builder, const Scope& scope, const TextConfig& config);
// moe.cc: router, experts, shared expert.
void AddMoe(CatalogBuilder& builder, const Scope& scope, const Family& family,
            const TextConfig& config, bool has_fused_experts);
// hybrid.cc
void AddGatedDeltaNet(CatalogBuilder& builder, const Scope& scope, const Family& family,
                      const TextConfig& config);
// mtp.cc: the multi-token prediction head, `mtp.*`; all optional.
void AddMtp(CatalogBuilder& builder, const Family& family, const TextConfig& config,
            bool has_fused_experts);
// vision.cc: the tower of qwen3_5 and qwen3_5_moe, `model.visual.*`.
void AddVisionTower(CatalogBuilder& builder, const JsonReader& vision);

// One decoder layer (catalog.cc): norms, mixer, feed-forward.
struct LayerPlan {
  LayerKind kind;
  bool has_fused_experts = false;
};
void AddDecoderLayer(CatalogBuilder& builder, const Scope& scope, const Family& family,
                     const TextConfig& config, LayerPlan plan);

}  // namespace hlwq::checkpoint
