// What a mixture of experts works in.
#pragma once

#include <cstddef>
#include <vector>

#include "model/config.h"
#include "model/expert_source.h"
#include "model/linear.h"
#include "model/mlp_scratch.h"
#include "model/routing.h"
#include "model/rows.h"

namespace hlwq::model {

// Rows of experts are multiplied in waves of at most wave_rows(), so that inputs copied together by
// expert need not be held for all choices of a pass at once.
struct MoeScratch {
  MoeScratch() = default;
  MoeScratch(const ModelConfig& config, size_t max_tokens);
  static size_t Bytes(const ModelConfig& config, size_t tokens) noexcept;

  size_t wave_rows() const noexcept { return inner.gate.data.size() / inner.gate.width; }

  Rows logits;                // [tokens, experts], then the gate of the shared expert
  std::vector<Route> routes;  // [tokens, top_k]
  ExpertGroups groups;
  ExpertRequest request;
  LinearInput inputs;                  // [wave_rows, hidden], by expert
  std::vector<uint32_t> input_tokens;  // [wave_rows]
  MlpScratch inner;                    // [wave_rows, expert_intermediate]
  Rows outputs;                        // [tokens * top_k, hidden], rows of the groups
  std::vector<Product> products;
  // Of Anticipate.
  LinearInput guess;           // [1, hidden]
  std::vector<Route> guessed;  // [top_k]
  std::vector<uint32_t> guessed_experts;
};

}  // namespace hlwq::model
