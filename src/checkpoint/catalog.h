// For each supported model_type: from config.json to the list of tensors a checkpoint of that model
// has. Recipes and the runtime speak of the roles given here, never of name patterns.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace hlwq::checkpoint {

enum class Role : uint8_t {
  kEmbedding, kLmHead, kNorm,
  kAttentionQ, kAttentionK, kAttentionV, kAttentionO,
  kLinearAttentionQkv, kLinearAttentionZ, kLinearAttentionOut,  // Gated DeltaNet projections
  kLinearAttentionGate,   // in_proj_a, in_proj_b, in_proj_ba, A_log, dt_bias
  kLinearAttentionConv,
  kMlpGate, kMlpUp, kMlpDown,
  kRouter,
  kExpertGate, kExpertUp, kExpertGateUp, kExpertDown,  // fused [E, ..] tensors or one per expert
  kSharedExpertGateProj, kSharedExpertUp, kSharedExpertDown,
  kSharedExpertGate,      // the [1, hidden] scalar gate
  kBias,
  kVision, kMtp,          // carried along
  kOther,
};
std::string_view RoleName(Role role) noexcept;                       // "attention_q"
std::optional<Role> RoleFromName(std::string_view name) noexcept;

struct TensorSpec {
  std::string name;
  Shape shape;
  Role role = Role::kOther;
  int layer = -1;      // -1: not in a decoder layer
  int expert = -1;     // index where each expert is a tensor of its own, else -1
  bool required = true;  // false: a checkpoint may lack it (MTP, a stored tied head)
};

// How the tensors are named and grouped where one config allows several layouts
// (docs/architecture.md; recognised from the keys present, not from `architectures`).
struct CatalogLayout {
  std::string prefix;                // "model" or "model.language_model"
  bool has_fused_experts = false;    // experts.gate_up_proj [E, 2*Im, H] rather than one per expert
};

struct Catalog {
  std::string model_type;
  int num_layers = 0;
  std::vector<TensorSpec> tensors;
  std::vector<std::string> notes;
};

// Builds the list for `config` (a parsed config.json, nested or flat, transformers 4 or 5 spelling).
// `layout` empty: the layout in which the family is published. Returns empty for an unknown
// model_type. Throws Error{kInvalidData} naming the key when a value is missing, of the wrong type
// or out of range (all sizes are bounded, products are checked).
std::optional<Catalog> BuildCatalog(const nlohmann::json& config,
                                    std::optional<CatalogLayout> layout = std::nullopt);

// The layout that the keys of a checkpoint show.
CatalogLayout DetectLayout(const std::vector<std::string>& tensor_names);

// The fallback for tensors outside any catalog: role, layer and expert from name and shape alone.
TensorSpec GuessSpec(std::string_view name, const Shape& shape);

// Role, layer and expert of each tensor found in a checkpoint, by catalog where the model_type is
// known (a shape that contradicts the config throws Error{kInvalidData} naming the tensor), else by
// GuessSpec; `notes` says which. Same order as `names`.
struct FoundTensor {
  std::string name;
  Shape shape;
};
struct Classified {
  std::vector<TensorSpec> specs;
  std::vector<std::string> notes;
};
Classified ClassifyTensors(const nlohmann::json& config, const std::vector<FoundTensor>& found);

}  // namespace hlwq::checkpoint
