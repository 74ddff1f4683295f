#include "convert/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/error.h"
#include "codec/codec_record.h"
#include "convert/codecs_by_width.h"
#include "convert/matrices.h"
#include "convert/safetensors_layout.h"

namespace hlwq::convert {
namespace {

using checkpoint::Role;
using checkpoint::TensorSpec;

uint64_t& CountOf(PlanCounts& counts, Role role) {
  switch (role) {
    case Role::kExpertGate:
    case Role::kExpertUp:
    case Role::kExpertGateUp:
    case Role::kExpertDown:
      return counts.expert_slices;
    case Role::kAttentionQ:
    case Role::kAttentionK:
    case Role::kAttentionV:
    case Role::kAttentionO:
    case Role::kAttentionQkv:
    case Role::kLinearAttentionQkv:
    case Role::kLinearAttentionZ:
    case Role::kLinearAttentionOut:
      return counts.attention_projections;
    case Role::kSharedExpertGateProj:
    case Role::kSharedExpertUp:
    case Role::kSharedExpertDown:
      return counts.shared_expert_matrices;
    case Role::kMlpGate:
    case Role::kMlpUp:
    case Role::kMlpDown:
    case Role::kMlpGateUp:
      return counts.mlp_matrices;
    default:
      return counts.other_matrices;
  }
}

// Parts are equal for all matrices of one width and shape.
class PartsCache {
 public:
  const std::vector<codec::Part>& Parts(const codec::Codec& codec, MatrixShape shape) {
    const auto [found, is_new] = parts_.try_emplace({codec.spec().bits, shape.out, shape.in});
    if (is_new) found->second = codec.Parts(shape);
    return found->second;
  }

 private:
  std::map<std::tuple<int, uint64_t, uint64_t>, std::vector<codec::Part>> parts_;
};

class Planner {
 public:
  Planner(const PlanOptions& options, QuantizePlan& plan)
      : options_(options), plan_(plan), codecs_(options.codec, codec::ReferenceBackend()) {}

  void Add(const PlanTensor& tensor, const Decision& decision) {
    const int bits = decision.bits;
    const TensorSpec& spec = tensor.spec;
    ++source_tensors_;
    const std::optional<uint64_t> elements = ElementCount(spec.shape);
    const std::optional<uint64_t> source_bytes = TensorBytes(tensor.dtype, spec.shape);
    if (!elements || !source_bytes) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("'{}': want a size that fits 64 bits, got {}", spec.name,
                              ShapeToString(spec.shape)));
    }
    PlanRow& row = rows_[{bits == 0, spec.role, bits}];
    row.role = spec.role;
    row.bits = bits;
    ++row.tensors;
    row.parameters += *elements;
    row.source_bytes += *source_bytes;
    plan_.parameters += *elements;
    plan_.source_bytes += *source_bytes;
    if (bits > 0) {
      plan_.quantized_parameters += *elements;
      const codec::Codec& codec = *codecs_.For(spec.name, decision);
      WithContext(fmt::format("'{}'", spec.name), [&] { AddCoded(spec, codec, row); });
      return;
    }
    row.stored_bytes += *source_bytes;
    row.weight_bytes += *source_bytes;
    plan_.carried_bytes += *source_bytes;
    ++plan_.carried_tensors;
    outputs_.push_back(
        {spec.name, tensor.dtype, spec.shape, *source_bytes, groups_.GroupOf(spec, 0), false});
    max_in_ = std::max(max_in_, spec.shape.empty() ? 1 : spec.shape.back());
  }

  void Finish() {
    for (auto& [key, row] : rows_) plan_.rows.push_back(row);
    const OutputLayout layout = LayOutSafetensors(outputs_, options_.max_shard_bytes);
    plan_.shards = layout.shards().size();
    for (const OutputShard& shard : layout.shards()) {
      plan_.output_bytes += shard.file_bytes;
      plan_.largest_shard_bytes = std::max(plan_.largest_shard_bytes, shard.file_bytes);
    }
    if (options_.peak_memory_bytes) {
      plan_.peak_memory_bytes =
          options_.peak_memory_bytes({max_in_, source_tensors_, outputs_.size()});
    }
    std::erase_if(outputs_, [](const OutputTensor& tensor) { return !tensor.is_code; });
    if (outputs_.empty()) return;
    const OutputLayout coded = LayOutSafetensors(outputs_, options_.max_shard_bytes);
    for (const OutputShard& shard : coded.shards()) plan_.coded_file_bytes += shard.file_bytes;
  }

 private:
  void AddCoded(const TensorSpec& spec, const codec::Codec& codec, PlanRow& row) {
    const TensorMatrices matrices = MatricesOf(spec.shape);
    plan_.matrices.total += matrices.count;
    if (matrices.count > kMaxMatrices || plan_.matrices.total > kMaxMatrices) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("want at most {} matrices in all, got more", kMaxMatrices));
    }
    CountOf(plan_.matrices, row.role) += matrices.count;
    row.matrices += matrices.count;
    const std::vector<codec::Part>& parts = parts_.Parts(codec, matrices.matrix);
    max_in_ = std::max(max_in_, matrices.matrix.in * codec.unit_rows());
    for (uint64_t slice = 0; slice < matrices.count; ++slice) {
      const std::string name = MatrixName(spec.name, spec.shape, slice);
      const uint64_t group = groups_.GroupOf(spec, slice);
      for (const codec::Part& part : parts) {
        outputs_.push_back({name + part.suffix, part.dtype, part.shape, part.bytes, group, true});
      }
    }
    for (const codec::Part& part : parts) {
      const uint64_t bytes = part.bytes * matrices.count;
      PlanPart& total = PartTotal(part);
      total.keys += matrices.count;
      total.bytes += bytes;
      plan_.keys += matrices.count;
      plan_.coded_bytes += bytes;
      if (!total.is_constant) {
        plan_.weight_bytes += bytes;
        row.weight_bytes += bytes;
      }
      row.stored_bytes += bytes;
    }
  }

  PlanPart& PartTotal(const codec::Part& part) {
    const auto found =
        std::find_if(plan_.parts.begin(), plan_.parts.end(),
                     [&](const PlanPart& total) { return total.suffix == part.suffix; });
    if (found != plan_.parts.end()) return *found;
    return plan_.parts.emplace_back(PlanPart{part.suffix, 0, 0, part.is_constant()});
  }

  const PlanOptions& options_;
  QuantizePlan& plan_;
  CodecsByWidth codecs_;
  PartsCache parts_;
  OutputGroups groups_;
  std::vector<OutputTensor> outputs_;
  std::map<std::tuple<bool, Role, int>, PlanRow> rows_;
  uint64_t max_in_ = 1;
  uint64_t source_tensors_ = 0;
};

}  // namespace

double QuantizePlan::quantized_share() const noexcept {
  return parameters == 0
             ? 0
             : static_cast<double>(quantized_parameters) / static_cast<double>(parameters);
}

double QuantizePlan::bits_per_weight() const noexcept {
  if (quantized_parameters == 0) return 0;
  return 8.0 * static_cast<double>(coded_bytes) / static_cast<double>(quantized_parameters);
}

double QuantizePlan::bits_per_parameter() const noexcept {
  return parameters == 0 ? 0
                         : 8.0 * static_cast<double>(coded_bytes + carried_bytes) /
                               static_cast<double>(parameters);
}

QuantizePlan MakePlan(const PlanInput& input, const Recipe& recipe, const PlanOptions& options) {
  QuantizePlan plan;
  plan.source = input.source;
  plan.model_type = input.model_type;
  plan.recipe = recipe.name();
  plan.codec = codec::RecordOf(options.codec).name;
  plan.bits = recipe.follows_bits() ? recipe.default_bits() : 0;
  plan.notes = input.notes;
  Planner planner(options, plan);
  for (const PlanTensor& tensor : input.tensors) {
    planner.Add(tensor, recipe.Decide(tensor.spec, tensor.dtype));
  }
  planner.Finish();
  return plan;
}

}  // namespace hlwq::convert
