#include "model/routing.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace hlwq::model {

void ChooseExperts(std::span<const float> logits, bool normalizes,
                   std::span<Route> routes) noexcept {
  HLWQ_DASSERT(routes.size() <= logits.size());
  // The softmax keeps the order: the largest logits are chosen, by insertion into a short list.
  constexpr float kNone = -std::numeric_limits<float>::infinity();
  size_t count = 0;
  for (size_t expert = 0; expert < logits.size(); ++expert) {
    const float logit = std::isnan(logits[expert]) ? kNone : logits[expert];
    if (count == routes.size() && !(logit > routes[count - 1].weight)) continue;
    size_t place = count < routes.size() ? count++ : count - 1;
    for (; place > 0 && logit > routes[place - 1].weight; --place)
      routes[place] = routes[place - 1];
    routes[place] = {static_cast<uint32_t>(expert), logit};
  }
  const auto total = static_cast<float>(kernels::LogSumExp(logits));
  float sum = 0;
  for (Route& route : routes) sum += route.weight = std::exp(route.weight - total);
  if (!normalizes) return;
  for (Route& route : routes) route.weight /= sum;
}

ExpertGroups::ExpertGroups(size_t experts, size_t max_routes) : counts_(experts) {
  experts_.reserve(experts);
  begins_.reserve(experts + 1);
  tokens_.resize(max_routes);
  terms_.resize(max_routes);
}

void ExpertGroups::Set(std::span<const Route> routes, size_t top_k) {
  HLWQ_DASSERT(routes.size() <= terms_.size());
  top_k_ = top_k;
  std::ranges::fill(counts_, 0u);
  for (const Route& route : routes) ++counts_[route.expert];
  experts_.clear();
  begins_.clear();
  uint32_t begin = 0;
  for (uint32_t expert = 0; expert < counts_.size(); ++expert) {
    const uint32_t count = counts_[expert];
    counts_[expert] = begin;
    if (count == 0) continue;
    experts_.push_back(expert);
    begins_.push_back(begin);
    begin += count;
  }
  begins_.push_back(begin);
  for (size_t choice = 0; choice < routes.size(); ++choice) {
    const uint32_t row = counts_[routes[choice].expert]++;
    tokens_[row] = static_cast<uint32_t>(choice / top_k);
    terms_[choice] = {row, routes[choice].weight};
  }
}

}  // namespace hlwq::model
