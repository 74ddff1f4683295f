#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/error.h"
#include "checkpoint/catalog.h"
#include "checkpoint/checkpoint.h"

namespace hlwq::checkpoint {
namespace {

// What precedes "layers.<n>." or "embed_tokens." in a name of the text model; empty when the name
// shows nothing.
std::optional<std::string> PrefixOf(std::string_view name) {
  if (name.starts_with("mtp.") || name.find(".mtp.") != std::string_view::npos ||
      name.find("visual.") != std::string_view::npos) {
    return std::nullopt;
  }
  for (const std::string_view word : {"layers.", "embed_tokens."}) {
    const size_t at = name.find(word);
    if (at == 0) return std::string();
    if (at != std::string_view::npos && name[at - 1] == '.') {
      return std::string(name.substr(0, at - 1));
    }
  }
  return std::nullopt;
}

// True of configs that do not say what they are the config of.
bool LacksModelType(const nlohmann::json& config) {
  return !config.is_object() || !config.contains("model_type") || config["model_type"].is_null();
}

Classified GuessAll(const std::vector<FoundTensor>& found, std::string note) {
  Classified result;
  result.notes.push_back(std::move(note));
  result.specs.reserve(found.size());
  bool has_head = false;
  for (const FoundTensor& tensor : found) {
    result.specs.push_back(GuessSpec(tensor.name, tensor.shape));
    has_head |= result.specs.back().role == Role::kLmHead;
  }
  // Without a head of its own a language model uses the embedding, which then is as delicate.
  for (TensorSpec& spec : result.specs) {
    if (spec.role == Role::kEmbedding) spec.is_tied = !has_head;
  }
  return result;
}

class Matcher {
 public:
  explicit Matcher(Catalog catalog) : catalog_(std::move(catalog)) {
    for (size_t index = 0; index < catalog_.tensors.size(); ++index) {
      index_of_name_.emplace(catalog_.tensors[index].name, index);
    }
    is_seen_.resize(catalog_.tensors.size());
  }

  TensorSpec Match(const FoundTensor& tensor) {
    const auto found = index_of_name_.find(tensor.name);
    if (found == index_of_name_.end()) return MatchUnlisted(tensor);
    is_seen_[found->second] = true;
    TensorSpec spec = catalog_.tensors[found->second];
    // Nothing here computes with the MTP layer, and its published form varies.
    if (spec.role != Role::kMtp && spec.shape != tensor.shape) {
      throw Error(
          ErrorCode::kInvalidData,
          fmt::format("'{}': want {} by config.json ({}), got {}", tensor.name,
                      ShapeToString(spec.shape), catalog_.model_type, ShapeToString(tensor.shape)));
    }
    if (spec.role == Role::kLmHead && spec.is_tied) {
      notes_.push_back(fmt::format(
          "config.json ties the head to the embedding, but '{}' is stored: the stored one counts",
          tensor.name));
    }
    spec.shape = tensor.shape;
    return spec;
  }

  std::vector<std::string> TakeNotes() {
    if (num_unlisted_ > 0) {
      notes_.push_back(
          fmt::format("{} tensors are not in the catalog of {}, the first is '{}': "
                      "role guessed from name and shape",
                      num_unlisted_, catalog_.model_type, first_unlisted_));
    }
    size_t num_missing = 0;
    std::string_view first_missing;
    for (size_t index = 0; index < is_seen_.size(); ++index) {
      if (is_seen_[index] || !catalog_.tensors[index].required) continue;
      if (num_missing++ == 0) first_missing = catalog_.tensors[index].name;
    }
    if (num_missing > 0) {
      notes_.push_back(
          fmt::format("{} of the {} tensors that {} has by config.json are absent, the "
                      "first is '{}'",
                      num_missing, catalog_.tensors.size(), catalog_.model_type, first_missing));
    }
    return std::move(notes_);
  }

 private:
  TensorSpec MatchUnlisted(const FoundTensor& tensor) {
    TensorSpec spec = GuessSpec(tensor.name, tensor.shape);
    spec.required = false;
    // Expected beside any model: carried along without a word.
    if (spec.role == Role::kMtp || spec.role == Role::kVision) return spec;
    if (num_unlisted_++ == 0) first_unlisted_ = tensor.name;
    return spec;
  }

  Catalog catalog_;
  std::unordered_map<std::string_view, size_t> index_of_name_;
  std::vector<bool> is_seen_;
  std::vector<std::string> notes_;
  size_t num_unlisted_ = 0;
  std::string first_unlisted_;
};

}  // namespace

CatalogLayout DetectLayout(const std::vector<std::string>& tensor_names) {
  CatalogLayout layout{.prefix = "model", .has_fused_experts = false};
  bool is_prefix_known = false;
  for (const std::string& name : tensor_names) {
    const std::optional<std::string> prefix = PrefixOf(name);
    if (!prefix) continue;
    if (!is_prefix_known) layout.prefix = *prefix;
    is_prefix_known = true;
    if (name.ends_with(".mlp.experts.gate_up_proj")) layout.has_fused_experts = true;
  }
  return layout;
}

Classified ClassifyTensors(const nlohmann::json& config, const std::vector<FoundTensor>& found) {
  if (config.is_null()) {
    return GuessAll(found, "no config.json: roles guessed from names and shapes");
  }
  if (LacksModelType(config)) {
    return GuessAll(found, "config.json has no model_type: roles guessed from names and shapes");
  }
  std::vector<std::string> names;
  names.reserve(found.size());
  for (const FoundTensor& tensor : found) names.push_back(tensor.name);
  std::optional<Catalog> catalog = BuildCatalog(config, DetectLayout(names));
  if (!catalog) {
    return GuessAll(found, fmt::format("model_type '{}' has no catalog: roles guessed from names "
                                       "and shapes",
                                       config["model_type"].get<std::string>().substr(0, 40)));
  }
  Classified result;
  result.notes = std::move(catalog->notes);
  Matcher matcher(*std::move(catalog));
  result.specs.reserve(found.size());
  for (const FoundTensor& tensor : found) result.specs.push_back(matcher.Match(tensor));
  for (std::string& note : matcher.TakeNotes()) result.notes.push_back(std::move(note));
  return result;
}

Classified ClassifyTensors(const Checkpoint& checkpoint) {
  std::vector<FoundTensor> found;
  found.reserve(checkpoint.tensors.size());
  for (const TensorEntry& entry : checkpoint.tensors) found.push_back({entry.name, entry.shape});
  return WithContext(checkpoint.root.string(),
                     [&] { return ClassifyTensors(checkpoint.config, found); });
}

}  // namespace hlwq::checkpoint
