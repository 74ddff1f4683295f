#include <fmt/format.h>

#include "checkpoint/catalog/parts.h"

namespace hlwq::checkpoint {

void AddMoe(CatalogBuilder& builder, const Scope& scope, const Family& family,
            const TextConfig& config, bool has_fused_experts) {
  const uint64_t hidden = config.hidden;
  const uint64_t inner = config.expert_intermediate;
  builder.Add(scope, "mlp.gate.weight", {config.experts, hidden}, Role::kRouter);
  if (has_fused_experts) {
    builder.Add(scope, "mlp.experts.gate_up_proj", {config.experts, 2 * inner, hidden},
                Role::kExpertGateUp);
    builder.Add(scope, "mlp.experts.down_proj", {config.experts, hidden, inner}, Role::kExpertDown);
  } else {
    for (int expert = 0; expert < static_cast<int>(config.experts); ++expert) {
      const std::string name = fmt::format("mlp.experts.{}.", expert);
      builder.Add(scope, name + "gate_proj.weight", {inner, hidden}, Role::kExpertGate, expert);
      builder.Add(scope, name + "up_proj.weight", {inner, hidden}, Role::kExpertUp, expert);
      builder.Add(scope, name + "down_proj.weight", {hidden, inner}, Role::kExpertDown, expert);
    }
  }
  if (family.has_shared_expert) {
    const uint64_t shared = config.shared_intermediate;
    builder.Add(scope, "mlp.shared_expert.gate_proj.weight", {shared, hidden},
                Role::kSharedExpertGateProj);
    builder.Add(scope, "mlp.shared_expert.up_proj.weight", {shared, hidden}, Role::kSharedExpertUp);
    builder.Add(scope, "mlp.shared_expert.down_proj.weight", {hidden, shared},
                Role::kSharedExpertDown);
    builder.Add(scope, "mlp.shared_expert_gate.weight", {1, hidden}, Role::kSharedExpertGate);
  }
}

}  // namespace hlwq::checkpoint
