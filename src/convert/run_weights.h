// The weights of a plan by what a run of the model does with them.
#pragma once

#include <cstdint>
#include <span>

namespace hlwq::convert {

struct PlanRow;

struct RunWeights {
  uint64_t dense_bytes = 0;      // that every token reads: all but experts, embedding, vision, MTP
  uint64_t embedding_bytes = 0;  // a row read for each token; 0 where it is the head as well
  // Of all experts.
  uint64_t expert_parameters = 0;
  uint64_t expert_bytes = 0;
  uint64_t stored_expert_bytes = 0;  // with the records of their shapes, which lie between
};

// Sizes are those that quantize writes, less records of shapes where nothing else is said.
RunWeights RunWeightsOf(std::span<const PlanRow> rows);

}  // namespace hlwq::convert
