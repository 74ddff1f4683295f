#include "study/sampling/token_drawer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "kernels/vector_ops.h"

namespace hlwq::study {
namespace {

constexpr double kMostGumbel = 37;  // GumbelOf all ones is 36.7

// The index with the largest score and noise so far.
class Winner {
 public:
  explicit Winner(uint64_t key) : key_(key) {}

  void Offer(size_t index, double score) noexcept {
    const double gap = best_ - score;
    if (gap > kMostGumbel) return;
    const uint64_t bits = MixBits(key_ + index);
    // Noise beyond the gap has a u above e^(-e^-gap), which is above 1 - e^-gap: most need no logarithm.
    if (gap > 0 && UniformOf(bits) <= 1 - std::exp(-gap)) return;
    const double total = score + GumbelOf(bits);
    if (total <= best_) return;
    best_ = total;
    index_ = index;
  }
  size_t index() const noexcept { return index_; }

 private:
  uint64_t key_;
  double best_ = -INFINITY;
  size_t index_ = 0;
};

}  // namespace

double ProbabilityOf(int32_t token, std::span<const float> logits) noexcept {
  return std::exp(logits[static_cast<size_t>(token)] - kernels::LogSumExp(logits));
}

TokenDrawer::TokenDrawer(const DrawOptions& options) : options_(options) {
  if (!(options.temperature >= 0 && std::isfinite(options.temperature))) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("temperature: want a number of at least 0, got {}", options.temperature));
  }
  if (!(options.top_p > 0 && options.top_p <= 1)) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("top_p: want a number above 0 and up to 1, got {}", options.top_p));
  }
}

int32_t TokenDrawer::Draw(std::span<const float> logits, CounterRandom& random) {
  const size_t likeliest = Likeliest(logits);
  const uint64_t key = random.Bits();
  size_t token = likeliest;
  if (options_.temperature > 0) {
    token =
        options_.top_p < 1 ? DrawFromTop(logits, logits[likeliest], key) : DrawFromAll(logits, key);
  }
  return static_cast<int32_t>(token);
}

size_t TokenDrawer::Likeliest(std::span<const float> logits) const {
  size_t likeliest = 0;
  bool is_sound = !logits.empty();
  for (size_t token = 0; token < logits.size(); ++token) {
    is_sound = is_sound && logits[token] < INFINITY;  // false of NaN as well
    if (logits[token] > logits[likeliest]) likeliest = token;
  }
  if (!is_sound || logits[likeliest] == -INFINITY) {
    throw Error(ErrorCode::kNonFinite, "logits to draw a token from are not finite");
  }
  return likeliest;
}

size_t TokenDrawer::DrawFromAll(std::span<const float> logits, uint64_t key) const {
  Winner winner(key);
  for (size_t token = 0; token < logits.size(); ++token) {
    winner.Offer(token, logits[token] / options_.temperature);
  }
  return winner.index();
}

size_t TokenDrawer::DrawFromTop(std::span<const float> logits, double largest, uint64_t key) {
  order_.resize(logits.size());
  weights_.resize(logits.size());
  std::iota(order_.begin(), order_.end(), 0u);
  double sum = 0;
  for (size_t token = 0; token < logits.size(); ++token) {
    weights_[token] = std::exp((logits[token] - largest) / options_.temperature);
    sum += weights_[token];
  }
  std::ranges::sort(order_, [&](uint32_t a, uint32_t b) {
    return weights_[a] != weights_[b] ? weights_[a] > weights_[b] : a < b;
  });
  Winner winner(key);
  double before = 0;  // weight of the likelier tokens
  for (const uint32_t token : order_) {
    if (before >= options_.top_p * sum) break;
    winner.Offer(token, logits[token] / options_.temperature);
    before += weights_[token];
  }
  return winner.index();
}

}  // namespace hlwq::study
