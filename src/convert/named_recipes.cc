// The recipes of this program (docs/recipes.md, "Named recipes").
#include <algorithm>
#include <initializer_list>

#include "checkpoint/projections.h"
#include "convert/recipe.h"

namespace hlwq::convert {

using checkpoint::Role;

void RecipeModel::Add(const checkpoint::TensorSpec& spec) noexcept {
  layers = std::max(layers, spec.layer + 1);
  has_experts |= spec.role == Role::kExpertGate || spec.role == Role::kExpertUp ||
                 spec.role == Role::kExpertGateUp || spec.role == Role::kExpertDown;
}

bool Recipe::SetNamed(const RecipeOptions& options) {
  if (options.recipe == "balanced") {
    SetBalanced(options);
  } else if (options.recipe == "published") {
    SetPublished(options.bits);
  } else if (options.recipe == "uniform") {
    SetUniform(options.bits);
  } else if (options.recipe == "mixed") {
    SetMixed();
  } else {
    return false;
  }
  return true;
}

// Chosen by measured divergence for its bytes (docs/recipes.md, "What balanced is made of").
void Recipe::SetBalanced(const RecipeOptions& options) {
  const auto with = [&](int extra) {
    // A width that was asked for and does not exist is left to be refused.
    return std::max(options.bits, std::min(options.bits + extra, options.model.most_bits));
  };
  const auto set = [&](std::initializer_list<Role> roles, int extra) {
    for (const Role role : roles) BitsOf(role) = with(extra);
  };
  SetPublished(options.bits);
  SetExplicitly(Role::kEmbedding, options.bits);
  SetExplicitly(Role::kLmHead, options.bits);
  // Small, and much depends on them.
  set({Role::kAttentionK, Role::kAttentionV, Role::kAttentionQkv, Role::kLinearAttentionQkv,
       Role::kLinearAttentionOut},
      1);
  layers_ = options.model.layers;
  end_bits_ = favored_bits_ = with(1);
  if (!options.model.has_experts) return;
  // All but the experts of a mixture is a few percent of its weights, and costs most per error.
  set({Role::kLmHead, Role::kAttentionQ, Role::kAttentionO, Role::kLinearAttentionZ, Role::kMlpGate,
       Role::kMlpUp, Role::kMlpGateUp},
      1);
  set({Role::kAttentionK, Role::kAttentionV, Role::kAttentionQkv, Role::kLinearAttentionQkv,
       Role::kLinearAttentionOut, Role::kMlpDown, Role::kSharedExpertGateProj,
       Role::kSharedExpertUp, Role::kSharedExpertDown},
      2);
}

void Recipe::SetPublished(int bits) {
  for (const Role role : checkpoint::ProjectionRoles()) BitsOf(role) = bits;
}

void Recipe::SetUniform(int bits) {
  SetPublished(bits);
  BitsOf(Role::kEmbedding) = bits;
  BitsOf(Role::kLmHead) = bits;
}

void Recipe::SetMixed() {
  for (const Role role :
       {Role::kMlpGate, Role::kMlpUp, Role::kMlpGateUp, Role::kExpertGate, Role::kExpertUp,
        Role::kExpertGateUp, Role::kSharedExpertGateProj, Role::kSharedExpertUp}) {
    BitsOf(role) = 3;
  }
  for (const Role role : {Role::kMlpDown, Role::kExpertDown, Role::kSharedExpertDown}) {
    BitsOf(role) = 4;
  }
  for (const Role role :
       {Role::kAttentionQ, Role::kAttentionK, Role::kAttentionV, Role::kAttentionQkv,
        Role::kLinearAttentionQkv, Role::kLinearAttentionZ}) {
    BitsOf(role) = 5;
  }
  for (const Role role : {Role::kAttentionO, Role::kLinearAttentionOut}) BitsOf(role) = 6;
  // The published files of this recipe hold tied embeddings as codes too.
  SetExplicitly(Role::kEmbedding, 5);
  SetExplicitly(Role::kLmHead, 6);
}

}  // namespace hlwq::convert
