// AdamW (Loshchilov & Hutter 2019) with gradient clipping and averaged weights, in one pass over each tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "study/config/config.h"
#include "study/net/net.h"

namespace hlwq::study {

// Learning rate of step `step` (from 0): a linear warm-up, then half a cosine down to the final share.
double LearningRate(const TrainingConfig& config, size_t step) noexcept;

// Borrows the net. Thread: as the net.
class Optimizer {
 public:
  // Matrices decay, norms do not. The averages begin as the weights are now.
  Optimizer(const Net& net, const TrainingConfig& config, double weight_decay);
  Optimizer(Optimizer&&) = delete;
  ~Optimizer();

  // Takes the gradients of step `step` and sets them to zero. Returns their norm before clipping; the name of the
  // first tensor with a gradient that is not finite is left in `broken`, and then nothing was changed.
  double Step(size_t step, std::string& broken);

  bool has_averages() const noexcept;
  // Puts the averages where the weights are, and the weights back. No effect without averages.
  void SwapAverages();

  // Everything to be stored beside the weights, by name: "adam.m.<weight>", "adam.v.<weight>", "ema.<weight>".
  std::vector<std::pair<std::string, at::Tensor>> State() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hlwq::study
