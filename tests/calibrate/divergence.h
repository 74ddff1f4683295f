// How far a coded model is from what it was made from.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "calibrate/self_text.h"
#include "checkpoint/checkpoint.h"
#include "runtime/engine.h"

namespace hlwq::test {

// Logarithms of what the model expects, of all tokens of the text.
inline std::vector<std::vector<double>> LogProbabilities(checkpoint::Checkpoint model,
                                                         const calibrate::TokenSequences& text) {
  runtime::Engine engine(std::move(model), {.threads = 2});
  std::vector<std::vector<double>> all;
  for (const auto& sequence : text) {
    runtime::SequenceState state =
        engine.MakeState({.format = DType::kF32, .capacity = sequence.size()});
    engine.Feed(state, sequence, model::LogitsOf::kAll, [&](size_t, std::span<const float> logits) {
      const double most = *std::ranges::max_element(logits);
      double sum = 0;
      for (const float logit : logits) sum += std::exp(logit - most);
      auto& row = all.emplace_back(logits.begin(), logits.end());
      for (double& value : row) value -= most + std::log(sum);
    });
  }
  return all;
}

inline double MeanKl(const std::vector<std::vector<double>>& want,
                     const std::vector<std::vector<double>>& got) {
  double sum = 0;
  for (size_t token = 0; token < want.size(); ++token) {
    for (size_t i = 0; i < want[token].size(); ++i) {
      sum += std::exp(want[token][i]) * (want[token][i] - got[token][i]);
    }
  }
  return sum / static_cast<double>(want.size());
}

}  // namespace hlwq::test
