// What the arms of the study differ in: what a net is shown, what it is asked, and what that costs. Net and trainer
// know nothing of it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "study/config/config.h"
#include "study/net/net.h"
#include "study/objective/noise.h"

namespace hlwq::study {

// -log of the probability of a whole window, in nats: exact, or an upper bound that was estimated.
struct WindowScore {
  double nll = 0;
  double noise_variance = 0;  // of `nll` as an estimate; 0: exact
};

// Thread: as the net.
class Objective {
 public:
  virtual ~Objective() = default;

  // The training loss of windows, nats a token, with gradients: a scalar. Parts of one batch add up to its loss
  // (the unweighted loss of masked diffusion: to the mean of the parts' means).
  virtual at::Tensor Loss(const Net& net, const TokenGrid& windows, const Draw& draw,
                          bool is_training) const = 0;

  // Of each window, without gradients or dropout. `noise_samples` are drawn where there is noise to draw. An objective
  // trained with the unweighted loss is scored by the bound as well.
  virtual std::vector<WindowScore> Score(const Net& net, const TokenGrid& windows,
                                         size_t noise_samples, uint64_t seed) const = 0;

  // "exact" or "bound": what `Score` gives.
  virtual bool is_exact() const noexcept = 0;
};

// `start` is what an autoregressive net reads before the first token of a window, so that both kinds give a
// probability to whole windows.
std::unique_ptr<Objective> MakeObjective(const ArmConfig& arm, TokenId start);

}  // namespace hlwq::study
