#include "convert/compressed_tensors/quantization_config.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "codec/hadamard.h"
#include "convert/compressed_tensors/module_targets.h"

namespace hlwq::convert {
namespace {

using checkpoint::Role;
using checkpoint::TensorSpec;
using Specs = std::vector<const TensorSpec*>;

// Whether an engine holds the tensor as the weight of a linear layer.
bool IsLinear(const TensorSpec& spec) {
  return spec.shape.size() == 2 && spec.name.ends_with(".weight") &&
         spec.role != Role::kEmbedding && spec.role != Role::kNorm &&
         spec.role != Role::kLinearAttentionConv;
}

nlohmann::json ConfigGroup(std::vector<std::string> targets, uint32_t group, int bits) {
  return {{"targets", std::move(targets)},
          {"weights",
           {{"num_bits", bits},
            {"type", "int"},
            {"symmetric", true},
            {"strategy", "group"},
            {"group_size", group},
            {"dynamic", false}}},
          {"input_activations", nullptr},
          {"output_activations", nullptr}};
}

// The weights are rotated already; their inputs are rotated by the engine.
nlohmann::json TransformConfig(const std::vector<std::string>& targets) {
  const auto apply = [&](std::string_view location, bool is_inverse) -> nlohmann::json {
    return {{"targets", targets},
            {"location", location},
            {"inverse", is_inverse},
            {"ignore", nlohmann::json::array()}};
  };
  return {{"config_groups",
           {{"hadamard",
             {{"type", "hadamard"},
              {"head_dim", codec::kBlockSize},
              {"randomize", false},
              {"precision", "torch.float32"},
              {"apply", {apply("weight_input", true), apply("input", false)}}}}}}};
}

}  // namespace

nlohmann::json QuantizationConfig(const std::vector<IntModule>& modules, int bits) {
  std::map<uint32_t, Specs, std::greater<>> groups;  // largest first
  Specs rotated, unrotated;
  bool has_head = false;
  for (const IntModule& module : modules) {
    has_head = has_head || module.spec->role == Role::kLmHead;
    if (!IsLinear(*module.spec)) continue;
    groups[module.group].push_back(module.spec);
    (module.is_rotated ? rotated : unrotated).push_back(module.spec);
  }
  const Specs kept = std::move(groups[0]);
  groups.erase(0);

  nlohmann::json config_groups = nlohmann::json::object();
  for (const auto& [group, specs] : groups) {
    Specs others = kept;
    for (const auto& [size, members] : groups) {
      if (size != group) others.insert(others.end(), members.begin(), members.end());
    }
    // One group is published as the class of all layers; several must not overlap.
    std::vector<std::string> targets = {"Linear"};
    if (groups.size() > 1) targets = TargetsOf(specs, others);
    config_groups["group_" + std::to_string(config_groups.size())] =
        ConfigGroup(std::move(targets), group, bits);
  }
  std::vector<std::string> ignore;
  // A tied head is a layer of the engine that no tensor stands for.
  if (!has_head) ignore.emplace_back("lm_head");
  Specs coded;
  for (const auto& [group, specs] : groups) coded.insert(coded.end(), specs.begin(), specs.end());
  std::ranges::move(TargetsOf(kept, coded), std::back_inserter(ignore));
  nlohmann::json config = {{"quant_method", "compressed-tensors"},
                           {"format", "pack-quantized"},
                           {"quantization_status", "compressed"},
                           {"config_groups", std::move(config_groups)},
                           {"ignore", std::move(ignore)}};
  if (!rotated.empty()) config["transform_config"] = TransformConfig(TargetsOf(rotated, unrotated));
  return config;
}

}  // namespace hlwq::convert
