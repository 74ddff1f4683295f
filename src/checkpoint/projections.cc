#include "checkpoint/projections.h"

#include <algorithm>
#include <array>

namespace hlwq::checkpoint {
namespace {

// clang-format off
constexpr std::array kProjections = {
    Role::kAttentionQ,         Role::kAttentionK,           Role::kAttentionV,
    Role::kAttentionO,         Role::kAttentionQkv,         Role::kLinearAttentionQkv,
    Role::kLinearAttentionZ,   Role::kLinearAttentionOut,   Role::kMlpGate,
    Role::kMlpUp,              Role::kMlpDown,              Role::kMlpGateUp,
    Role::kExpertGate,         Role::kExpertUp,             Role::kExpertGateUp,
    Role::kExpertDown,         Role::kSharedExpertGateProj, Role::kSharedExpertUp,
    Role::kSharedExpertDown,
};
// clang-format on

}  // namespace

std::span<const Role> ProjectionRoles() noexcept { return kProjections; }

bool IsProjection(const TensorSpec& spec) noexcept {
  if (std::ranges::find(kProjections, spec.role) == kProjections.end()) return false;
  if (std::ranges::find(spec.shape, 0u) != spec.shape.end()) return false;
  const bool is_expert = spec.role == Role::kExpertGateUp || spec.role == Role::kExpertDown;
  return spec.shape.size() == 2 || (spec.shape.size() == 3 && is_expert);
}

}  // namespace hlwq::checkpoint
