// Which experts a token goes to, and how the tokens of a pass are grouped by expert.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

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
  size_t begin(size_t index) const noexcept { return begins_[index]; }
  size_t end(size_t index) const noexcept { return begins_[index + 1]; }
  size_t token(size_t row) const noexcept { return tokens_[row]; }
  // Row of the choice routes[choice].
  size_t row(size_t choice) const noexcept { return rows_[choice]; }

 private:
  std::vector<uint32_t> counts_;  // of each expert; then where its next row goes
  std::vector<uint32_t> experts_;
  std::vector<uint32_t> begins_;  // of experts_, and the end
  std::vector<uint32_t> tokens_;  // of each row
  std::vector<uint32_t> rows_;    // of each choice
};

}  // namespace hlwq::model
