// Which experts a token goes to, and how the tokens of a pass are grouped by expert.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/vector_ops.h"

namespace hlwq::model {

struct Route {
  uint32_t expert = 0;
  float weight = 0;
};

// The routes.size() most probable experts by the softmax over all `logits`, most probable first and
// of equals the first; with `normalizes` their weights are divided by their sum. Logits that are not
// numbers come last. Cost: experts * routes comparisons at most.
void ChooseExperts(std::span<const float> logits, bool normalizes,
                   std::span<Route> routes) noexcept;

// The choices of several tokens, sorted by expert. Made once and used again; allocates nothing after
// the largest pass.
class ExpertGroups {
 public:
  ExpertGroups() = default;
  ExpertGroups(size_t experts, size_t max_routes);

  // `routes` [tokens, top_k].
  void Set(std::span<const Route> routes, size_t top_k);

  // The experts chosen by any token, ascending.
  std::span<const uint32_t> experts() const noexcept { return experts_; }
  // Sorted rows of experts()[index]: each is one choice of one token.
  kernels::TokenRange rows(size_t index) const noexcept {
    return {begins_[index], begins_[index + 1]};
  }
  // The tokens of those rows, ascending.
  std::span<const uint32_t> tokens(size_t index) const noexcept {
    return std::span(tokens_).subspan(begins_[index], rows(index).size());
  }
  // What the choices of some tokens add up to: for each choice [tokens, top_k] its row and weight.
  std::span<const kernels::WeightedRow> terms(kernels::TokenRange tokens) const noexcept {
    return std::span(terms_).subspan(tokens.begin * top_k_, tokens.size() * top_k_);
  }

 private:
  std::vector<uint32_t> counts_;  // of each expert; then where its next row goes
  std::vector<uint32_t> experts_;
  std::vector<uint32_t> begins_;  // of experts_, and the end
  std::vector<uint32_t> tokens_;  // of each row
  size_t top_k_ = 0;
  std::vector<kernels::WeightedRow> terms_;  // of each choice
};

}  // namespace hlwq::model
