#include "checkpoint/catalog.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "checkpoint/catalog/builder.h"
#include "checkpoint/catalog/parts.h"
#include "checkpoint/catalog/text_config.h"

namespace hlwq::checkpoint {
namespace {

// Where the family is published: multimodal models have their text part below another prefix, with
// fused experts; everything else is plain.
CatalogLayout PublishedLayout(bool is_nested) {
  if (is_nested) return {.prefix = "model.language_model", .has_fused_experts = true};
  return {.prefix = "model", .has_fused_experts = false};
}

// The flag stands at the top, in text_config, or in both, where they agree in every known file; the
// top one wins, as it does when transformers ties.
bool IsTied(const JsonReader& top, const JsonReader& text) {
  return top.Flag("tie_word_embeddings", text.Flag("tie_word_embeddings", false));
}

}  // namespace

void AddDecoderLayer(CatalogBuilder& builder, const Scope& scope, const Family& family,
                     const TextConfig& config, LayerPlan plan) {
  builder.Add(scope, "input_layernorm.weight", {config.hidden}, Role::kNorm);
  builder.Add(scope, "post_attention_layernorm.weight", {config.hidden}, Role::kNorm);
  if (plan.kind.has_attention()) {
    AddAttention(builder, scope, family, config);
  } else {
    AddGatedDeltaNet(builder, scope, family, config);
  }
  if (plan.kind.has_experts()) {
    AddMoe(builder, scope, family, config, plan.has_fused_experts);
  } else {
    AddDenseMlp(builder, scope, config);
  }
}

std::optional<Catalog> BuildCatalog(const nlohmann::json& config,
                                    std::optional<CatalogLayout> layout) {
  const JsonReader top(config);
  const std::string model_type = top.OptionalString("model_type").value_or("");
  const Family* family = FindFamily(model_type);
  if (family == nullptr) return std::nullopt;

  const bool is_nested = top.Has("text_config");
  const JsonReader text = is_nested ? top.Child("text_config") : top;
  const TextConfig sizes = ReadTextConfig(*family, text);
  if (!layout) layout = PublishedLayout(is_nested);
  const bool is_tied = IsTied(top, text);

  CatalogBuilder builder(model_type);
  const Scope model{.prefix = layout->prefix};
  builder.Add(model, "embed_tokens.weight", {sizes.vocab, sizes.hidden}, Role::kEmbedding).is_tied =
      is_tied;
  const std::string dot = layout->prefix.empty() ? "" : ".";
  for (size_t layer = 0; layer < sizes.layers.size(); ++layer) {
    const Scope scope{.prefix = fmt::format("{}{}layers.{}", layout->prefix, dot, layer),
                      .layer = static_cast<int>(layer)};
    AddDecoderLayer(builder, scope, *family, sizes,
                    {sizes.layers[layer], layout->has_fused_experts});
  }
  builder.Add(model, "norm.weight", {sizes.hidden}, Role::kNorm);
  TensorSpec& head = builder.Add({}, "lm_head.weight", {sizes.vocab, sizes.hidden}, Role::kLmHead);
  head.is_tied = is_tied;
  head.required = !is_tied;
  AddMtp(builder, *family, sizes, layout->has_fused_experts);
  if (is_nested) {
    if (top.Has("vision_config")) {
      AddVisionTower(builder, top.Child("vision_config"));
    } else {
      builder.Note("config has no vision_config: no vision tower listed");
    }
  }
  return std::move(builder).Finish(static_cast<int>(sizes.layers.size()));
}

}  // namespace hlwq::checkpoint
