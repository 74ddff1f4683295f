#include <fmt/format.h>

#include "checkpoint/catalog/parts.h"

namespace hlwq::checkpoint {
namespace {

constexpr SizeRange kDimension{1, kMaxDimension};

struct Affine {
  uint64_t out = 0;
  uint64_t in = 0;
};

void AddLinear(CatalogBuilder& builder, const Scope& scope, const std::string& name, Affine shape) {
  builder.Add(scope, name + ".weight", {shape.out, shape.in}, Role::kVision);
  builder.Add(scope, name + ".bias", {shape.out}, Role::kVision);
}

void AddLayerNorm(CatalogBuilder& builder, const Scope& scope, const std::string& name,
                  uint64_t width) {
  builder.Add(scope, name + ".weight", {width}, Role::kVision);
  builder.Add(scope, name + ".bias", {width}, Role::kVision);
}

}  // namespace

void AddVisionTower(CatalogBuilder& builder, const JsonReader& vision) {
  const uint64_t depth = vision.Size("depth", {0, kMaxLayers});
  const uint64_t hidden = vision.Size("hidden_size", kDimension);
  const uint64_t inner = vision.Size("intermediate_size", kDimension);
  const uint64_t channels = vision.OptionalSize("in_channels", {1, 1024}).value_or(3);
  const uint64_t patch = vision.Size("patch_size", {1, 65536});
  const uint64_t frames = vision.Size("temporal_patch_size", {1, 65536});
  const uint64_t positions = vision.Size("num_position_embeddings", kDimension);
  const uint64_t merge = vision.Size("spatial_merge_size", {1, 1024});
  const uint64_t out_hidden = vision.Size("out_hidden_size", kDimension);
  const uint64_t merged = hidden * merge * merge;

  const Scope tower{.prefix = "model.visual"};
  builder.Add(tower, "patch_embed.proj.weight", {hidden, channels, frames, patch, patch},
              Role::kVision);
  builder.Add(tower, "patch_embed.proj.bias", {hidden}, Role::kVision);
  builder.Add(tower, "pos_embed.weight", {positions, hidden}, Role::kVision);
  for (uint64_t block = 0; block < depth; ++block) {
    const Scope scope{.prefix = fmt::format("model.visual.blocks.{}", block)};
    AddLayerNorm(builder, scope, "norm1", hidden);
    AddLayerNorm(builder, scope, "norm2", hidden);
    AddLinear(builder, scope, "attn.qkv", {3 * hidden, hidden});
    AddLinear(builder, scope, "attn.proj", {hidden, hidden});
    AddLinear(builder, scope, "mlp.linear_fc1", {inner, hidden});
    AddLinear(builder, scope, "mlp.linear_fc2", {hidden, inner});
  }
  AddLayerNorm(builder, tower, "merger.norm", hidden);
  AddLinear(builder, tower, "merger.linear_fc1", {merged, merged});
  AddLinear(builder, tower, "merger.linear_fc2", {out_hidden, merged});
}

}  // namespace hlwq::checkpoint
