#include "checkpoint/views/fold_rotation.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "checkpoint/catalog.h"
#include "checkpoint/catalog/text_config.h"
#include "checkpoint/row_reader.h"
#include "checkpoint/views/block_rotation.h"

namespace hlwq::checkpoint {
namespace {

// The weights of a norm that does nothing but divide.
class ConstantRows final : public RowChange {
 public:
  explicit ConstantRows(float value) : value_(value) {}
  void Apply(RowRange, std::span<float> weights) const override {
    std::ranges::fill(weights, value_);
  }

 private:
  float value_;
};

// What a matrix does with the residual stream.
enum class Side : uint8_t {
  kNone,
  kReadsMixerNorm,
  kReadsFeedForwardNorm,
  kReadsFinalNorm,
  kWrites
};

Side SideOf(const TensorSpec& spec) {
  switch (spec.role) {
    case Role::kAttentionQ:
    case Role::kAttentionK:
    case Role::kAttentionV:
    case Role::kLinearAttentionQkv:
    case Role::kLinearAttentionZ:
      return Side::kReadsMixerNorm;
    case Role::kLinearAttentionGate:  // A_log and dt_bias read nothing
      return spec.shape.size() == 2 ? Side::kReadsMixerNorm : Side::kNone;
    case Role::kMlpGate:
    case Role::kMlpUp:
    case Role::kRouter:
    case Role::kExpertGate:
    case Role::kExpertUp:
    case Role::kExpertGateUp:
    case Role::kSharedExpertGateProj:
    case Role::kSharedExpertUp:
    case Role::kSharedExpertGate:
      return Side::kReadsFeedForwardNorm;
    case Role::kLmHead:
      return Side::kReadsFinalNorm;
    case Role::kAttentionO:
    case Role::kLinearAttentionOut:
    case Role::kMlpDown:
    case Role::kExpertDown:
    case Role::kSharedExpertDown:
      return Side::kWrites;
    default:
      return Side::kNone;
  }
}

// The tower's projections into the stream: `merger` and, where there are some, `deepstack_merger_list`.
bool WritesFromVision(const TensorSpec& spec) {
  return spec.role == Role::kVision && spec.name.find("merger") != spec.name.npos &&
         spec.name.find(".linear_fc2.") != spec.name.npos;
}

class Folder {
 public:
  Folder(Checkpoint& checkpoint, const codec::Backend& backend)
      : checkpoint_(checkpoint), backend_(backend), classified_(ClassifyTensors(checkpoint)) {
    const nlohmann::json& config = checkpoint.config;
    const std::string model_type = config.is_object() ? config.value("model_type", "") : "";
    family_ = FindFamily(model_type);
    if (family_ == nullptr) {
      throw Error(
          ErrorCode::kUnsupported,
          fmt::format("{}: a rotation is folded into known models only, and model_type '{}' "
                      "has no catalog",
                      checkpoint.root.string(), model_type));
    }
    const TextConfig sizes = *ReadTextConfig(config);
    block_ = RotationBlock(sizes.hidden);
    if (!family_->has_output_gate) head_block_ = RotationBlock(sizes.head_dim);
    std::vector<std::string> names;
    for (const TensorEntry& entry : checkpoint.tensors) names.push_back(entry.name);
    prefix_ = DetectLayout(names).prefix;
    if (!prefix_.empty()) prefix_ += ".";
  }

  void Fold() {
    std::vector<TensorEntry> folded;
    std::optional<TensorEntry> head;
    bool has_head = false;
    size_t left_out = 0;
    for (size_t index = 0; index < checkpoint_.tensors.size(); ++index) {
      const TensorEntry& entry = checkpoint_.tensors[index];
      const TensorSpec& spec = classified_.specs[index];
      has_head |= spec.role == Role::kLmHead;
      if (spec.role == Role::kMtp) {
        ++left_out;
        continue;
      }
      if (spec.role == Role::kEmbedding && spec.is_tied) {
        TensorSpec as_head = spec;
        as_head.role = Role::kLmHead;
        head = Changed(entry, ChangeOf(as_head));
        head->name = "lm_head.weight";
      }
      folded.push_back(Changed(entry, ChangeOf(spec)));
    }
    if (head && !has_head) folded.push_back(*std::move(head));
    if (left_out > 0) {
      checkpoint_.notes.push_back(
          fmt::format("{} tensors of multi-token prediction are left out: they share the head, but "
                      "not the norm "
                      "that is folded into it",
                      left_out));
    }
    checkpoint_.tensors = std::move(folded);
    Untie();
  }

 private:
  static TensorEntry Changed(const TensorEntry& entry, std::shared_ptr<const RowChange> change) {
    if (!change) return entry;
    return {entry.name, entry.dtype, entry.shape,
            DerivedStorage{std::make_shared<TensorEntry>(entry), 0, std::move(change)}};
  }

  std::shared_ptr<const RowChange> ChangeOf(const TensorSpec& spec) {
    RotationSides sides;
    switch (SideOf(spec)) {
      case Side::kReadsMixerNorm:
      case Side::kReadsFeedForwardNorm:
      case Side::kReadsFinalNorm:
        sides = {.column_block = block_, .column_factors = NormBefore(spec)};
        if (spec.role == Role::kAttentionV) sides.row_block = head_block_;
        break;
      case Side::kWrites:
        sides = {.row_block = block_};
        if (spec.role == Role::kAttentionO) sides.column_block = head_block_;
        break;
      case Side::kNone:
        if (IsFoldedNorm(spec)) {
          return std::make_shared<ConstantRows>(family_->has_zero_centred_norms ? 0.0f : 1.0f);
        }
        sides = SidesOfOthers(spec);
    }
    if (sides.column_block == 1 && sides.row_block == 1 && !sides.column_factors) return nullptr;
    return std::make_shared<BlockRotation>(std::move(sides));
  }

  // Of what is not a matrix that a norm stands before or that adds to the stream.
  RotationSides SidesOfOthers(const TensorSpec& spec) const {
    const std::string_view name = spec.name;
    switch (spec.role) {
      case Role::kEmbedding:
        return {.column_block = block_};
      case Role::kBias:
        if (name.ends_with(".v_proj.bias")) return {.column_block = head_block_};
        if (name.ends_with(".o_proj.bias") || name.ends_with(".down_proj.bias")) {
          return {.column_block = block_};
        }
        return {};
      case Role::kVision:
        if (!WritesFromVision(spec)) return {};
        if (spec.shape.size() == 1) return {.column_block = block_};
        return {.row_block = block_};
      case Role::kNorm:
      case Role::kLinearAttentionConv:
      case Role::kLinearAttentionGate:
        return {};
      default:
        if (spec.shape.size() < 2) return {};
        throw Error(ErrorCode::kUnsupported,
                    fmt::format("{}: '{}': cannot fold a rotation: its place in {} is not known",
                                checkpoint_.root.string(), name, family_->model_type));
    }
  }

  std::string NormName(const TensorSpec& reader) const {
    const Side side = SideOf(reader);
    if (side == Side::kReadsFinalNorm) return prefix_ + "norm.weight";
    return fmt::format(
        "{}layers.{}.{}.weight", prefix_, reader.layer,
        side == Side::kReadsMixerNorm ? "input_layernorm" : "post_attention_layernorm");
  }

  bool IsFoldedNorm(const TensorSpec& spec) const {
    const std::string_view name = spec.name;
    return spec.role == Role::kNorm &&
           (name.ends_with(".input_layernorm.weight") ||
            name.ends_with(".post_attention_layernorm.weight") || name == prefix_ + "norm.weight");
  }

  // What the norm before a reader multiplies its columns with.
  std::shared_ptr<const std::vector<float>> NormBefore(const TensorSpec& reader) {
    const std::string name = NormName(reader);
    std::shared_ptr<const std::vector<float>>& factors = norms_[name];
    if (factors) return factors;
    const TensorEntry* entry = checkpoint_.Find(name);
    if (entry == nullptr) {
      throw Error(ErrorCode::kNotFound,
                  fmt::format("{}: '{}': want it to fold it into '{}', but it "
                              "is missing",
                              checkpoint_.root.string(), name, reader.name));
    }
    std::vector<float> weights(entry->elements());
    RowReader(checkpoint_, *entry, backend_).ReadRows({0, 1}, weights);
    if (family_->has_zero_centred_norms) {
      for (float& weight : weights) weight += 1;
    }
    factors = std::make_shared<const std::vector<float>>(std::move(weights));
    return factors;
  }

  void Untie() {
    nlohmann::json config = checkpoint_.config;
    const auto change = [&](nlohmann::json& object) {
      if (object.contains("tie_word_embeddings")) object["tie_word_embeddings"] = false;
      const std::string mtp(family_->mtp_layers_key);
      if (object.contains(mtp)) object[mtp] = 0;
    };
    change(config);
    if (config.contains("text_config")) change(config["text_config"]);
    config["tie_word_embeddings"] = false;  // some classes tie by default
    SetConfig(checkpoint_, std::move(config));
  }

  Checkpoint& checkpoint_;
  const codec::Backend& backend_;
  Classified classified_;
  const Family* family_ = nullptr;
  uint64_t block_ = 1;       // of the residual stream
  uint64_t head_block_ = 1;  // of the values of a head
  std::string prefix_;       // "model."
  std::map<std::string, std::shared_ptr<const std::vector<float>>> norms_;  // by name
};

}  // namespace

void FoldRotation(Checkpoint& checkpoint, const codec::Backend& backend) {
  Folder(checkpoint, backend).Fold();
}

}  // namespace hlwq::checkpoint
