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

// clang-format off
enum class Role : uint8_t {
  kEmbedding, kLmHead, kNorm,
  kAttentionQ, kAttentionK, kAttentionV, kAttentionO,
  kAttentionQkv,          // fused q, k, v of families outside the catalog
  // Gated DeltaNet projections; qwen3_next fuses z into the first.
  kLinearAttentionQkv, kLinearAttentionZ, kLinearAttentionOut,
  kLinearAttentionGate,   // in_proj_a, in_proj_b, in_proj_ba, A_log, dt_bias
  kLinearAttentionConv,
  kMlpGate, kMlpUp, kMlpDown,
  kMlpGateUp,             // fused, of families outside the catalog
  kRouter,
  kExpertGate, kExpertUp, kExpertGateUp, kExpertDown,  // fused [E, ..] tensors or one per expert
  kSharedExpertGateProj, kSharedExpertUp, kSharedExpertDown,
  kSharedExpertGate,      // the [1, hidden] scalar gate
  kBias,
  kVision, kMtp,          // carried along
  kOther,
};
// clang-format on
inline constexpr int kNumRoles = static_cast<int>(Role::kOther) + 1;
std::string_view RoleName(Role role) noexcept;  // "attention_q"
std::optional<Role> RoleFromName(std::string_view name) noexcept;

struct TensorSpec {
  std::string name;
  Shape shape;
  Role role = Role::kOther;
  int layer = -1;        // -1: not in a decoder layer
  int expert = -1;       // index where each expert is a tensor of its own, else -1
  bool required = true;  // false: a checkpoint may lack it (MTP, a stored tied head)
  bool is_tied = false;  // the embedding that serves as the head too, and the head it stands for

  bool operator==(const TensorSpec&) const = default;
};

// How the tensors are named and grouped where one config allows several layouts
// (recognised from the keys present, not from `architectures`).
struct CatalogLayout {
  std::string prefix;              // "model" or "model.language_model"
  bool has_fused_experts = false;  // experts.gate_up_proj [E, 2*Im, H] rather than one per expert

  bool operator==(const CatalogLayout&) const = default;
};

struct Catalog {
  std::string model_type;
  int num_layers = 0;
  std::vector<TensorSpec> tensors;
  std::vector<std::string> notes;
};

// Bounds on what a config may ask for; above them it is taken for broken. Every sum of elements or
// bytes over a catalog fits 64 bits because of the last one.
inline constexpr uint64_t kMaxLayers = 4096;
inline constexpr uint64_t kMaxExperts = 65536;
inline constexpr uint64_t kMaxDimension = uint64_t{1} << 30;
inline constexpr uint64_t kMaxCatalogTensors = uint64_t{1} << 19;
inline constexpr uint64_t kMaxCatalogElements = uint64_t{1} << 50;

// Builds the list for `config` (a parsed config.json, nested or flat, transformers 4 or 5 spelling),
// in the order embedding, layers, norm, head, MTP, vision. `layout` empty: the layout in which the
// family is published. Returns empty for an unknown or absent model_type. Throws Error{kInvalidData}
// naming the key when a value is missing, of the wrong type or out of range (all sizes are bounded,
// products are checked). Cost: linear in the tensors.
std::optional<Catalog> BuildCatalog(const nlohmann::json& config,
                                    std::optional<CatalogLayout> layout = std::nullopt);

// The model_types that BuildCatalog knows, sorted.
std::vector<std::string_view> SupportedModelTypes();

// The config of the model's first `layers` layers: num_hidden_layers and layer_types (and the like,
// in text_config too) cut, everything else as it is; the vision tower stays. Throws
// Error{kInvalidArgument} unless 1 <= layers <= the number the config has, Error{kInvalidData} as
// BuildCatalog does.
nlohmann::json TruncateLayers(const nlohmann::json& config, int layers);

// The layout that the keys of a checkpoint show.
CatalogLayout DetectLayout(const std::vector<std::string>& tensor_names);

// The fallback for tensors outside any catalog: role, layer and expert from name and shape alone.
TensorSpec GuessSpec(std::string_view name, const Shape& shape);

// Role, layer and expert of each tensor found in a checkpoint, by catalog where the model_type is
// known (a shape that contradicts the config throws Error{kInvalidData} naming the tensor; MTP
// tensors are taken as found), else by GuessSpec; `notes` says which, and what of the catalog is
// missing. Same order as `found`. `config` may be null: there is no config.json.
struct FoundTensor {
  std::string name;
  Shape shape;
};
struct Classified {
  std::vector<TensorSpec> specs;
  std::vector<std::string> notes;
};
Classified ClassifyTensors(const nlohmann::json& config, const std::vector<FoundTensor>& found);
// The same of a checkpoint's tensors and config. Errors carry its path.
struct Checkpoint;
Classified ClassifyTensors(const Checkpoint& checkpoint);

}  // namespace hlwq::checkpoint
