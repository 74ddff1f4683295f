// The parts of a model under which roles are summed up for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "checkpoint/catalog.h"

namespace hlwq::report {

enum class RoleGroup : uint8_t {
  kEmbeddings,
  kLmHead,
  kAttention,
  kLinearAttention,
  kMlp,
  kExperts,
  kSharedExpert,
  kGates,
  kNorms,
  kVision,
  kMtp,
  kOther,
};
inline constexpr int kRoleGroups = 12;

RoleGroup GroupOf(checkpoint::Role role) noexcept;
std::string_view RoleGroupName(RoleGroup group) noexcept;  // "Linear attention"

// RoleName with spaces: "expert gate up".
std::string RoleLabel(checkpoint::Role role);

}  // namespace hlwq::report
