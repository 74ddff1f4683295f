#include <array>

#include "checkpoint/catalog.h"

namespace hlwq::checkpoint {
namespace {

// In the order of the enum.
constexpr std::array<std::string_view, kNumRoles> kRoleNames = {
    "embedding",
    "lm_head",
    "norm",
    "attention_q",
    "attention_k",
    "attention_v",
    "attention_o",
    "attention_qkv",
    "linear_attention_qkv",
    "linear_attention_z",
    "linear_attention_out",
    "linear_attention_gate",
    "linear_attention_conv",
    "mlp_gate",
    "mlp_up",
    "mlp_down",
    "mlp_gate_up",
    "router",
    "expert_gate",
    "expert_up",
    "expert_gate_up",
    "expert_down",
    "shared_expert_gate_proj",
    "shared_expert_up",
    "shared_expert_down",
    "shared_expert_gate",
    "bias",
    "vision",
    "mtp",
    "other",
};

}  // namespace

std::string_view RoleName(Role role) noexcept {
  const auto index = static_cast<size_t>(role);
  return index < kRoleNames.size() ? kRoleNames[index] : kRoleNames.back();
}

std::optional<Role> RoleFromName(std::string_view name) noexcept {
  for (size_t index = 0; index < kRoleNames.size(); ++index) {
    if (kRoleNames[index] == name) return static_cast<Role>(index);
  }
  return std::nullopt;
}

}  // namespace hlwq::checkpoint
