#include "convert/run_weights.h"

#include <utility>

#include "convert/plan.h"

namespace hlwq::convert {

using checkpoint::Role;

RunWeights RunWeightsOf(std::span<const PlanRow> rows) {
  RunWeights weights;
  bool has_head = false;
  for (const PlanRow& row : rows) {
    switch (row.role) {
      case Role::kExpertGate:
      case Role::kExpertUp:
      case Role::kExpertGateUp:
      case Role::kExpertDown:
        weights.expert_parameters += row.parameters;
        weights.expert_bytes += row.weight_bytes;
        weights.stored_expert_bytes += row.stored_bytes;
        break;
      case Role::kEmbedding:
        weights.embedding_bytes += row.weight_bytes;
        break;
      case Role::kVision:
      case Role::kMtp:
        break;
      default:
        has_head |= row.role == Role::kLmHead;
        weights.dense_bytes += row.weight_bytes;
    }
  }
  if (!has_head) weights.dense_bytes += std::exchange(weights.embedding_bytes, 0);
  return weights;
}

}  // namespace hlwq::convert
