#include "convert/compressed_tensors/int_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "codec/pack_quantized_codec.h"

namespace hlwq::convert {
namespace {

using checkpoint::Role;
using checkpoint::TensorSpec;

// Matrices that an engine runs as one.
enum class Fusion : uint8_t { kNone, kAttention, kDeltaNet, kMlp, kExperts, kSharedExpert };

Fusion FusionOf(Role role) {
  switch (role) {
    case Role::kAttentionQ:
    case Role::kAttentionK:
    case Role::kAttentionV:
      return Fusion::kAttention;
    case Role::kLinearAttentionQkv:
    case Role::kLinearAttentionZ:
      return Fusion::kDeltaNet;
    case Role::kMlpGate:
    case Role::kMlpUp:
      return Fusion::kMlp;
    case Role::kExpertGate:
    case Role::kExpertUp:
    case Role::kExpertDown:
      return Fusion::kExperts;
    case Role::kSharedExpertGateProj:
    case Role::kSharedExpertUp:
      return Fusion::kSharedExpert;
    default:
      return Fusion::kNone;
  }
}

IntGroup GroupFor(MatrixShape shape, uint32_t max_group) {
  if (shape.out % kIntOutMultiple != 0) {
    return {0, fmt::format("{} rows are not a multiple of {}", shape.out, kIntOutMultiple)};
  }
  const uint32_t size = codec::LargestIntGroup(shape.in, max_group);
  if (size == 0) return {0, fmt::format("rows of {} are not a multiple of 32", shape.in)};
  return {size, {}};
}

}  // namespace

std::vector<IntGroup> ChooseIntGroups(const checkpoint::Checkpoint& source,
                                      const std::vector<TensorSpec>& specs,
                                      const std::vector<bool>& is_wanted, uint32_t max_group) {
  std::vector<IntGroup> groups(source.tensors.size());
  std::map<std::pair<int, Fusion>, std::vector<size_t>> fused;
  for (size_t tensor = 0; tensor < groups.size(); ++tensor) {
    const TensorSpec& spec = specs[tensor];
    if (is_wanted[tensor]) {
      groups[tensor] = GroupFor(source.tensors[tensor].AsMatrix(), max_group);
    }
    const Fusion fusion = FusionOf(spec.role);
    if (fusion != Fusion::kNone && spec.layer >= 0) fused[{spec.layer, fusion}].push_back(tensor);
  }
  for (const auto& [key, members] : fused) {
    const auto least =
        std::ranges::min_element(members, {}, [&](size_t tensor) { return groups[tensor].size; });
    const IntGroup common = groups[*least];
    for (const size_t tensor : members) {
      if (groups[tensor].size == common.size) continue;
      groups[tensor].size = common.size;
      if (common.size == 0) {
        groups[tensor].reason = fmt::format("'{}', which engines fuse with it, keeps its type",
                                            source.tensors[*least].name);
      }
    }
  }
  return groups;
}

}  // namespace hlwq::convert
