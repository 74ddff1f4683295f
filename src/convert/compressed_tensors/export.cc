#include "convert/compressed_tensors/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "checkpoint/views/block_rotation.h"
#include "checkpoint/views/fold_rotation.h"
#include "checkpoint/views/split_experts.h"
#include "codec/hadamard.h"
#include "convert/compressed_tensors/int_groups.h"
#include "convert/compressed_tensors/model_card.h"
#include "convert/compressed_tensors/quantization_config.h"
#include "convert/recipe.h"

namespace hlwq::convert {
namespace {

using checkpoint::Checkpoint;
using checkpoint::Role;
using checkpoint::TensorEntry;
using checkpoint::TensorSpec;

std::string_view RotationName(ExportRotation rotation) {
  switch (rotation) {
    case ExportRotation::kNone:
      return "none";
    case ExportRotation::kOnline:
      return "online";
    case ExportRotation::kFolded:
      return "folded";
  }
  return "";
}

void CheckOptions(const CompressedTensorsOptions& options) {
  const auto refuse = [](std::string message) {
    throw Error(ErrorCode::kInvalidArgument, std::move(message));
  };
  if (options.bits != 4 && options.bits != 8) {
    refuse(fmt::format("want 4 or 8 bits, got {}", options.bits));
  }
  if (options.group_size != 128 && options.group_size != 64 && options.group_size != 32) {
    refuse(fmt::format("want groups of 128, 64 or 32, got {}", options.group_size));
  }
  if (options.calibration && options.rotation == ExportRotation::kOnline) {
    refuse("want no rotation or a folded one to calibrate by, got online");
  }
}

bool IsRoutedExpert(Role role) {
  return role == Role::kExpertGate || role == Role::kExpertUp || role == Role::kExpertDown;
}

// Builds one export.
class Planner {
 public:
  Planner(CompressedTensorsExport& plan, const CompressedTensorsOptions& options,
          const codec::Backend& backend)
      : plan_(plan),
        options_(options),
        backend_(backend),
        builder_(plan.source, backend),
        specs_(builder_.classified().specs) {}

  void Build() {
    const Recipe recipe = Recipe::Load({.recipe = "published",
                                        .bits = options_.bits,
                                        .include = options_.include,
                                        .exclude = options_.exclude});
    for (size_t tensor = 0; tensor < specs_.size(); ++tensor) {
      const DType dtype = plan_.source.tensors[tensor].dtype;
      is_wanted_.push_back(recipe.Decide(specs_[tensor], dtype).bits > 0);
    }
    groups_ = ChooseIntGroups(plan_.source, specs_, is_wanted_, options_.group_size);
    if (options_.rotation == ExportRotation::kOnline) RotateInputs();
    for (size_t tensor = 0; tensor < groups_.size(); ++tensor) {
      if (groups_[tensor].size > 0) builder_.SetCodec(tensor, CodecFor(tensor));
    }
    Note(builder_.classified().notes);
    NoteExceptions();
    if (options_.non_finite == NonFinitePolicy::kKeep) KeepNonFinite();
    RequireSomethingCoded();
    SetQuantizationConfig();
    if (options_.calibration) builder_.SetFeedback(options_.calibration->source);
    plan_.job = builder_.Build();
    plan_.job.operation = "export";
    plan_.job.options = fmt::format(
        "to=compressed-tensors bits={} group={} scale={} rotation={} nonfinite={} max_shard={} "
        "recipe={}{}",
        options_.bits, options_.group_size, options_.scale_rule, RotationName(options_.rotation),
        options_.non_finite == NonFinitePolicy::kKeep ? "keep" : "error",
        options_.output.max_shard_bytes, recipe.ToJson().dump(), WordsOf(options_.calibration));
    AddCalibration(options_.calibration, plan_.job);
    plan_.job.describe = [card = Card()](const checkpoint::Manifest& manifest) {
      return std::vector<checkpoint::SideFile>{{"README.md", {}, RenderModelCard(card, manifest)}};
    };
  }

 private:
  void Note(const std::vector<std::string>& notes) {
    plan_.notes.insert(plan_.notes.end(), notes.begin(), notes.end());
  }

  // What engines that know transform_config rotate the inputs of: whole blocks, no bias, no routed
  // experts.
  void RotateInputs() {
    std::set<std::string_view> names;
    for (const TensorEntry& entry : plan_.source.tensors) names.insert(entry.name);
    const auto rotation = std::make_shared<const checkpoint::BlockRotation>(
        checkpoint::RotationSides{.column_block = codec::kBlockSize});
    is_rotated_.resize(groups_.size());
    for (size_t tensor = 0; tensor < groups_.size(); ++tensor) {
      TensorEntry& entry = plan_.source.tensors[tensor];
      std::string bias = entry.name.substr(0, entry.name.rfind('.')) + ".bias";
      if (groups_[tensor].size == 0 || entry.shape.back() % codec::kBlockSize != 0 ||
          IsRoutedExpert(specs_[tensor].role) || names.contains(bias)) {
        continue;
      }
      is_rotated_[tensor] = true;
      entry.storage = checkpoint::DerivedStorage{std::make_shared<TensorEntry>(entry), 0, rotation};
    }
  }

  std::shared_ptr<const codec::Codec> CodecFor(size_t tensor) {
    const bool is_half = plan_.source.tensors[tensor].dtype == DType::kF16;
    return backend_.MakeCodec(
        {.parameters =
             codec::PackQuantizedParameters{
                 .scale_rule = codec::IntScaleRuleFromName(options_.scale_rule),
                 .scale_group = groups_[tensor].size,
                 .scale_dtype = is_half ? DType::kF16 : DType::kBF16},
         .bits = options_.bits,
         .levels = {}});
  }

  // A line for each kind of exception, with the first tensor it is made for.
  void NoteExceptions() {
    std::map<std::string, std::pair<size_t, size_t>> exceptions;  // words: first tensor, how many
    for (size_t tensor = 0; tensor < groups_.size(); ++tensor) {
      const IntGroup& group = groups_[tensor];
      std::string words;
      if (!group.reason.empty()) {
        words = fmt::format("keep their type: {}", group.reason);
      } else if (group.size > 0 && group.size < options_.group_size) {
        words = fmt::format(
            "have groups of {}: {} does not divide their rows or those they are "
            "fused with",
            group.size, options_.group_size);
      } else {
        continue;
      }
      ++exceptions.try_emplace(std::move(words), tensor, 0).first->second.second;
    }
    for (const auto& [words, found] : exceptions) {
      plan_.notes.push_back(fmt::format("{} matrices (the first is '{}') {}", found.second,
                                        plan_.source.tensors[found.first].name, words));
    }
  }

  // A matrix that cannot be coded takes those with it that engines fuse with it.
  void KeepNonFinite() {
    builder_.KeepNonFinite(plan_.notes, options_.output.progress);
    for (size_t tensor = 0; tensor < groups_.size(); ++tensor) {
      if (builder_.CodecOf(tensor) == nullptr) is_wanted_[tensor] = false;
    }
    groups_ = ChooseIntGroups(plan_.source, specs_, is_wanted_, options_.group_size);
    for (size_t tensor = 0; tensor < groups_.size(); ++tensor) {
      if (groups_[tensor].size > 0) continue;
      builder_.SetCodec(tensor, nullptr);
      if (!is_rotated_.empty() && is_rotated_[tensor]) RotateBack(tensor);
    }
  }

  // What is carried over stays in its own basis: no transform is declared for it.
  void RotateBack(size_t tensor) {
    TensorEntry& entry = plan_.source.tensors[tensor];
    const auto origin = std::get<checkpoint::DerivedStorage>(entry.storage).origin;
    entry.storage = origin->storage;
    is_rotated_[tensor] = false;
  }

  // Engines refuse a quantization_config without a group.
  void RequireSomethingCoded() const {
    if (std::ranges::any_of(groups_, [](const IntGroup& group) { return group.size > 0; })) return;
    const auto kept =
        std::ranges::find_if(groups_, [](const IntGroup& group) { return !group.reason.empty(); });
    const std::string root = plan_.source.root.string();
    if (kept == groups_.end()) {
      throw Error(ErrorCode::kUnsupported, root + ": no matrix to code");
    }
    const auto tensor = static_cast<size_t>(kept - groups_.begin());
    throw Error(ErrorCode::kUnsupported,
                fmt::format("{}: no matrix can be coded: of '{}' {}", root,
                            plan_.source.tensors[tensor].name, kept->reason));
  }

  void SetQuantizationConfig() {
    std::vector<IntModule> modules;
    for (size_t tensor = 0; tensor < groups_.size(); ++tensor) {
      modules.push_back(
          {&specs_[tensor], groups_[tensor].size, !is_rotated_.empty() && is_rotated_[tensor]});
    }
    nlohmann::json config = plan_.source.config;
    config["quantization_config"] = QuantizationConfig(modules, options_.bits);
    checkpoint::SetConfig(plan_.source, std::move(config));
  }

  ModelCard Card() const {
    ModelCard card{.bits = options_.bits,
                   .scale_rule = options_.scale_rule,
                   .rotation = options_.rotation,
                   .source_format = std::string(checkpoint::FormatName(plan_.source.format)),
                   .notes = plan_.notes};
    const auto name = plan_.source.config.find("_name_or_path");
    if (name != plan_.source.config.end() && name->is_string()) card.base_model = *name;
    return card;
  }

  CompressedTensorsExport& plan_;
  const CompressedTensorsOptions& options_;
  const codec::Backend& backend_;
  CodedJobBuilder builder_;
  const std::vector<TensorSpec>& specs_;
  std::vector<bool> is_wanted_;
  std::vector<IntGroup> groups_;
  std::vector<bool> is_rotated_;  // empty unless the rotation is online
};

void NoteOrigin(CompressedTensorsExport& plan, ExportRotation rotation) {
  const checkpoint::Format format = plan.source.format;
  if (format != checkpoint::Format::kSafetensors && format != checkpoint::Format::kSynthetic) {
    plan.notes.push_back(fmt::format(
        "the weights come from {} and carry its error: integers made from the original are nearer "
        "to it (--source)",
        checkpoint::FormatName(format)));
  }
  if (rotation == ExportRotation::kOnline) plan.notes.push_back(std::string(kOnlineWarning));
}

}  // namespace

void PrepareForCompressedTensors(Checkpoint& source, const CompressedTensorsOptions& options,
                                 const codec::Backend& backend) {
  checkpoint::SplitFusedExperts(source);
  if (options.rotation == ExportRotation::kFolded) checkpoint::FoldRotation(source, backend);
}

std::unique_ptr<CompressedTensorsExport> PlanCompressedTensors(
    Checkpoint source, const CompressedTensorsOptions& options, const codec::Backend& backend) {
  CheckOptions(options);
  if (!source.config.is_object()) {
    throw Error(ErrorCode::kUnsupported,
                source.root.string() + ": no config.json: engines load a model by it");
  }
  PrepareForCompressedTensors(source, options, backend);
  auto plan = std::make_unique<CompressedTensorsExport>();
  plan->source = std::move(source);
  plan->notes = plan->source.notes;
  NoteOrigin(*plan, options.rotation);
  Planner(*plan, options, backend).Build();
  return plan;
}

ConversionResult ExportCompressedTensors(Checkpoint source,
                                         const std::filesystem::path& destination,
                                         const CompressedTensorsOptions& options,
                                         const codec::Backend& unshared) {
  const codec::SharingBackend backend(unshared);
  const auto plan = PlanCompressedTensors(std::move(source), options, backend);
  JobResult result = RunJob(std::move(plan->job), plan->source, destination, options.output);
  AddNotes(options.calibration, plan->notes);
  return {std::move(result), std::move(plan->notes)};
}

}  // namespace hlwq::convert
