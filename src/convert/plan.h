// What quantize would do, from shapes alone: counts, sizes, memory. No weight is read.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/terminal_text.h"
#include "checkpoint/catalog.h"
#include "checkpoint/checkpoint.h"
#include "codec/codec.h"
#include "convert/recipe.h"

namespace hlwq::convert {

struct PlanTensor {
  checkpoint::TensorSpec spec;
  DType dtype = DType::kBF16;
};

// What a plan is made of.
struct PlanInput {
  std::string source;      // shown: a path
  std::string model_type;  // empty when unknown
  std::vector<PlanTensor> tensors;
  std::vector<std::string> notes;
};

// From a config alone: the required tensors of its catalog, all of the dtype the config states
// (BF16 when it states none). Throws as BuildCatalog, Error{kUnsupported} for an unknown model_type.
PlanInput PlanInputFromConfig(const nlohmann::json& config, std::string source);
// From the headers of a checkpoint.
PlanInput PlanInputFromCheckpoint(const checkpoint::Checkpoint& checkpoint);

// What the memory of a conversion depends on.
struct PlanScale {
  uint64_t max_in = 1;  // weights of the longest row, or rows coded together
  uint64_t source_tensors = 0;
  uint64_t output_tensors = 0;
};

struct PlanOptions {
  codec::CodecSpec codec;  // `bits` is what the recipe says, tensor by tensor
  uint64_t max_shard_bytes = 5'000'000'000;
  // Upper bound of what the conversion holds in memory. Empty: the plan says nothing about memory.
  std::function<uint64_t(const PlanScale& scale)> peak_memory_bytes;
};

// Coded tensors of one role and width, or carried ones of one role (bits 0).
struct PlanRow {
  checkpoint::Role role = checkpoint::Role::kOther;
  int bits = 0;
  uint64_t tensors = 0;
  uint64_t matrices = 0;  // coded ones; a fused tensor counts its slices
  uint64_t parameters = 0;
  uint64_t source_bytes = 0;
  uint64_t stored_bytes = 0;
  uint64_t weight_bytes = 0;  // without constant parts
};

// All parts of one kind: "__packed".
struct PlanPart {
  std::string suffix;
  uint64_t keys = 0;
  uint64_t bytes = 0;
  // Constant parts record shapes; the others hold weights.
  bool is_constant = false;
};

// The coded matrices in the groups that people count in.
struct PlanCounts {
  uint64_t expert_slices = 0;
  uint64_t attention_projections = 0;  // full and linear
  uint64_t shared_expert_matrices = 0;
  uint64_t mlp_matrices = 0;
  uint64_t other_matrices = 0;  // embeddings, head, what was asked for by name
  uint64_t total = 0;
};

// What the same recipe makes at another --bits.
struct PlanSize {
  int bits = 0;
  uint64_t output_bytes = 0;
};

struct QuantizePlan {
  std::string source;
  std::string model_type;
  std::string recipe;
  std::string codec;
  int bits = 0;                 // what the recipe makes its widths of; 0: its own
  std::vector<PlanSize> sizes;  // rising in bits; empty: not asked for
  std::vector<PlanRow> rows;    // coded before carried, then in the order of Role
  PlanCounts matrices;
  std::vector<PlanPart> parts;  // in the codec's order
  uint64_t keys = 0;            // of coded matrices: tensors in the output
  uint64_t quantized_parameters = 0;
  uint64_t parameters = 0;
  uint64_t source_bytes = 0;
  uint64_t coded_bytes = 0;   // of all parts
  uint64_t weight_bytes = 0;  // of codes and norms, without constant parts
  // The files that hold only the coded matrices, headers included; what the published polar_state
  // checkpoints are.
  uint64_t coded_file_bytes = 0;
  uint64_t carried_tensors = 0;
  uint64_t carried_bytes = 0;
  uint64_t output_bytes = 0;  // the files of coded and carried tensors, headers included
  uint64_t shards = 0;
  uint64_t largest_shard_bytes = 0;  // of the file
  std::optional<uint64_t> peak_memory_bytes;
  std::vector<std::string> notes;

  double quantized_share() const noexcept;     // 0..1
  double bits_per_weight() const noexcept;     // of the coded matrices; 0 when there are none
  double bits_per_parameter() const noexcept;  // of coded and carried tensors
};

// Sizes are exact: those of the files that quantize writes with the same recipe and options.
// Throws Error{kUnsupported} for a matrix that the codec cannot hold and for more than 2^20 of them,
// and as CodecsByWidth::For. Cost: linear in the matrices.
QuantizePlan MakePlan(const PlanInput& input, const Recipe& recipe, const PlanOptions& options);

nlohmann::json PlanToJson(const QuantizePlan& plan);
// A table and facts for people, lines ended by '\n'.
std::string RenderPlan(const QuantizePlan& plan, const TextLayout& layout = {});

}  // namespace hlwq::convert
