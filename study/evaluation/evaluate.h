// Likelihoods of whole splits, and how far a model is from the one that the corpus was sampled from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "study/corpus/corpus.h"
#include "study/net/net.h"
#include "study/objective/objective.h"

namespace hlwq::study {

struct EvaluateOptions {
  Split split = Split::kValidation;
  size_t windows = 0;  // the first ones of the split; 0: all
  size_t noise_samples = 64;
  uint64_t seed = 0;  // of the noise
};

// All in nats a token.
struct Likelihood {
  size_t windows = 0;
  bool is_exact = true;  // else `nll` is an upper bound, estimated
  double nll = 0;
  // Of `nll` as the mean over all windows there could be, noise included.
  double standard_error = 0;
  double noise_error = 0;  // of that, what the noise of the estimate makes; 0: exact
  // Where the corpus was sampled from a model and windows are its documents: the same windows under their source, an
  // estimate of its entropy, and KL(source || model), or an upper bound of it, their difference.
  std::optional<double> source_nll;
  std::optional<double> kl;
  double kl_error = 0;  // of the mean of the differences
};

Likelihood Evaluate(const Net& net, const Objective& objective, const Corpus& corpus,
                    const EvaluateOptions& options);

nlohmann::json ToJson(const Likelihood& likelihood);

}  // namespace hlwq::study
