#include "convert/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/glob.h"

namespace hlwq::convert {
namespace {

using checkpoint::Role;
using checkpoint::TensorSpec;

constexpr uint64_t kMaxRecipeBytes = 1u << 20;

void CheckBits(std::string_view what, int bits, int least) {
  if (bits < least || bits > kMaxRecipeBits) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{}: want {}..{} bits, got {}", what, least, kMaxRecipeBits, bits));
  }
}

bool IsFusedExpert(const TensorSpec& spec) {
  return spec.shape.size() == 3 &&
         (spec.role == Role::kExpertGateUp || spec.role == Role::kExpertDown);
}

// Why no codec can take the tensor; empty when one can.
std::string_view Obstacle(const TensorSpec& spec, DType dtype) {
  if (spec.role == Role::kLinearAttentionConv) return "a convolution";
  if (spec.shape.size() < 2) return "fewer than two axes";
  if (spec.shape.size() > 2 && !IsFusedExpert(spec)) return "more than two axes";
  if (std::find(spec.shape.begin(), spec.shape.end(), 0u) != spec.shape.end()) return "empty";
  if (!IsWeightFloat(dtype)) return "not F16, BF16 or F32";
  return {};
}

bool AnyMatches(const std::vector<std::string>& globs, std::string_view name) {
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string& glob) { return GlobMatches(glob, name); });
}

}  // namespace

bool CanQuantizeRole(Role role) noexcept {
  return role != Role::kNorm && role != Role::kBias && role != Role::kLinearAttentionConv;
}

Recipe::Recipe(const RecipeOptions& options) : name_(options.recipe), default_bits_(options.bits) {
  CheckBits("bits", options.bits, kMinRecipeBits);
}

void Recipe::SetExplicitly(Role role, int bits) {
  BitsOf(role) = bits;
  includes_tied_[static_cast<size_t>(role)] = true;
}

void Recipe::ApplyOptions(const RecipeOptions& options) {
  if (options.embedding_bits) {
    CheckBits("embeddings", *options.embedding_bits, 0);
    SetExplicitly(Role::kEmbedding, *options.embedding_bits);
  }
  if (options.lm_head_bits) {
    CheckBits("lm_head", *options.lm_head_bits, 0);
    SetExplicitly(Role::kLmHead, *options.lm_head_bits);
  }
  for (const std::string& glob : options.include) CheckGlob(glob);
  for (const std::string& glob : options.exclude) CheckGlob(glob);
  include_ = options.include;
  exclude_ = options.exclude;
}

Recipe Recipe::Load(const RecipeOptions& options) {
  if (!options.text.empty()) return Parse(options.text, options);
  Recipe recipe(options);
  if (!recipe.SetNamed(options)) {
    std::error_code unreadable;
    if (!std::filesystem::is_regular_file(options.recipe, unreadable)) {
      throw Error(
          ErrorCode::kNotFound,
          fmt::format("recipe '{}': want balanced, published, uniform, mixed or a JSON file",
                      options.recipe));
    }
    return Parse(ReadSmallFile(options.recipe, kMaxRecipeBytes), options);
  }
  recipe.ApplyOptions(options);
  return recipe;
}

Recipe Recipe::Parse(std::string_view json, const RecipeOptions& options) {
  Recipe recipe(options);
  recipe.is_own_ = true;
  WithContext(options.recipe, [&] { recipe.SetFromJson(json); });
  recipe.ApplyOptions(options);
  return recipe;
}

bool Recipe::IsEndLayer(int layer) const noexcept {
  return layers_ > 2 && (layer == 0 || layer == layers_ - 1);
}

// The first and the last eighth, and every third between.
bool Recipe::IsFavoredLayer(int layer) const noexcept {
  if (layer < 0 || layers_ == 0) return false;
  const int eighth = layers_ / 8;
  return layer < eighth || layer >= layers_ - eighth || (layer - eighth) % 3 == 2;
}

int Recipe::RoleBits(const TensorSpec& spec) const noexcept {
  const auto role = static_cast<size_t>(spec.role);
  if (spec.is_tied && !includes_tied_[role]) return 0;
  int bits = role_bits_[role];
  if (bits == 0) return 0;
  if (IsEndLayer(spec.layer)) bits = std::max(bits, end_bits_);
  const bool is_down = spec.role == Role::kMlpDown || spec.role == Role::kExpertDown;
  if (is_down && IsFavoredLayer(spec.layer)) bits = std::max(bits, favored_bits_);
  return bits;
}

Decision Recipe::Decide(const TensorSpec& spec, DType dtype) const {
  if (AnyMatches(exclude_, spec.name)) return {0, kExcludedReason};
  if (const std::string_view obstacle = Obstacle(spec, dtype); !obstacle.empty()) {
    return {0, obstacle};
  }
  const auto rule =
      std::find_if(tensor_rules_.rbegin(), tensor_rules_.rend(),
                   [&](const TensorRule& r) { return GlobMatches(r.glob, spec.name); });
  const bool is_included = AnyMatches(include_, spec.name);
  if (rule != tensor_rules_.rend() && (rule->bits > 0 || !is_included)) {
    return {rule->bits, rule->reason};
  }
  const int bits = RoleBits(spec);
  if (is_included) return {bits > 0 ? bits : default_bits_, "included"};
  if (bits > 0) return {bits, "recipe"};
  if (spec.role == Role::kOther) return {0, "unknown role"};
  if (spec.is_tied && role_bits_[static_cast<size_t>(spec.role)] > 0) return {0, "tied"};
  return {0, "kept by the recipe"};
}

nlohmann::json Recipe::ToJson() const {
  nlohmann::json roles = nlohmann::json::object();
  for (size_t role = 0; role < role_bits_.size(); ++role) {
    if (role_bits_[role] > 0)
      roles[std::string(RoleName(static_cast<Role>(role)))] = role_bits_[role];
  }
  nlohmann::json tensors = nlohmann::json::array();
  for (const TensorRule& rule : tensor_rules_) tensors.push_back({rule.glob, rule.bits});
  nlohmann::json json = {
      {"name", name_},       {"default", default_bits_}, {"roles", std::move(roles)},
      {"include", include_}, {"exclude", exclude_},      {"tensors", std::move(tensors)}};
  if (end_bits_ > 0) json["ends"] = end_bits_;
  if (favored_bits_ > 0) json["favored"] = favored_bits_;
  return json;
}

}  // namespace hlwq::convert
