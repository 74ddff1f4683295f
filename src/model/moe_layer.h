// A mixture of experts, with a shared expert or without.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/dense_mlp.h"
#include "model/layer.h"
#include "model/linear.h"

namespace hlwq::model {

struct MoeConfig {
  size_t layer = 0;
  size_t top_k = 0;
  bool has_top_k_norm = false;
  float norm_epsilon = 0;
  uint64_t expert_bytes = 0;             // stored, of one expert in the mean
  InputForms gate_up_forms, down_forms;  // of the experts
};

struct SharedExpert {
  DenseMlp mlp;
  Linear gate;  // [1, hidden]
};

// Tokens are grouped by expert: each is read once a pass. The sum over the experts of a token runs
// from the most to the least probable, in whatever order they become ready: results do not depend
// on the source.
class MoeLayer final : public Block {
 public:
  MoeLayer(const MoeConfig& config, Linear router, std::optional<SharedExpert> shared);

  InputForms forms() const noexcept override;
  uint64_t bytes_per_token() const noexcept override;
  uint64_t dense_bytes() const noexcept override;
  void Run(const Pass& pass) const override;
  // Runs the router on the residual stream as it is, and has the experts that it names prefetched.
  void Anticipate(const Pass& pass, std::span<const float> norm) const noexcept override;

 private:
  MoeConfig config_;
  Linear router_;
  std::optional<SharedExpert> shared_;

  void ChooseFor(const Pass& pass) const noexcept;
  void RunExperts(const Pass& pass, std::span<const ReadyExpert> experts) const noexcept;
  void RunWave(const Pass& pass, std::span<const ReadyExpert> experts) const noexcept;
  void AddExperts(const Pass& pass) const noexcept;
};

}  // namespace hlwq::model
