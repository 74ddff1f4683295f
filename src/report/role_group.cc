#include "report/role_group.h"

#include <algorithm>
#include <array>

namespace hlwq::report {

RoleGroup GroupOf(checkpoint::Role role) noexcept {
  using checkpoint::Role;
  switch (role) {
    case Role::kEmbedding:
      return RoleGroup::kEmbeddings;
    case Role::kLmHead:
      return RoleGroup::kLmHead;
    case Role::kNorm:
    case Role::kBias:
      return RoleGroup::kNorms;
    case Role::kAttentionQ:
    case Role::kAttentionK:
    case Role::kAttentionV:
    case Role::kAttentionO:
    case Role::kAttentionQkv:
      return RoleGroup::kAttention;
    case Role::kLinearAttentionQkv:
    case Role::kLinearAttentionZ:
    case Role::kLinearAttentionOut:
      return RoleGroup::kLinearAttention;
    case Role::kLinearAttentionGate:
    case Role::kLinearAttentionConv:
    case Role::kRouter:
    case Role::kSharedExpertGate:
      return RoleGroup::kGates;
    case Role::kMlpGate:
    case Role::kMlpUp:
    case Role::kMlpDown:
    case Role::kMlpGateUp:
      return RoleGroup::kMlp;
    case Role::kExpertGate:
    case Role::kExpertUp:
    case Role::kExpertGateUp:
    case Role::kExpertDown:
      return RoleGroup::kExperts;
    case Role::kSharedExpertGateProj:
    case Role::kSharedExpertUp:
    case Role::kSharedExpertDown:
      return RoleGroup::kSharedExpert;
    case Role::kVision:
      return RoleGroup::kVision;
    case Role::kMtp:
      return RoleGroup::kMtp;
    case Role::kOther:
      break;
  }
  return RoleGroup::kOther;
}

std::string_view RoleGroupName(RoleGroup group) noexcept {
  static constexpr std::array<std::string_view, kRoleGroups> kNames = {
      "Embeddings",    "LM head",           "Attention",     "Linear attention", "MLP", "Experts",
      "Shared expert", "Routers and gates", "Norms, biases", "Vision",           "MTP", "Other"};
  return kNames[static_cast<size_t>(group)];
}

std::string RoleLabel(checkpoint::Role role) {
  std::string label(checkpoint::RoleName(role));
  std::ranges::replace(label, '_', ' ');
  return label;
}

}  // namespace hlwq::report
