#include "runtime/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/random.h"

namespace hlwq::runtime {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

const SamplerOptions& Checked(const SamplerOptions& options, size_t vocabulary) {
  CheckSamplerOptions(options, vocabulary);
  return options;
}

// In [0, 1), a multiple of 2^-53.
double UniformNumber(uint64_t seed, uint64_t position) noexcept {
  return static_cast<double>(MixBits(seed ^ MixBits(position)) >> 11) * 0x1p-53;
}

// One pass, kept simple so that it is compiled to vectors; the culprit is looked for only if
// needed.
bool AreUsable(std::span<const float> logits) noexcept {
  bool is_usable = true, is_any_possible = false;
  for (const float logit : logits) {
    is_usable &= logit < kInfinity;
    is_any_possible |= logit > -kInfinity;
  }
  return is_usable && is_any_possible;
}

void CheckUsable(std::span<const float> logits) {
  if (AreUsable(logits)) return;
  const auto bad = std::ranges::find_if(logits, [](float logit) { return !(logit < kInfinity); });
  if (bad == logits.end()) {
    throw Error(ErrorCode::kNonFinite, "no token is possible: every logit is -infinity");
  }
  throw Error(ErrorCode::kNonFinite, fmt::format("logit of token {}: want a finite number, got {}",
                                                 bad - logits.begin(), *bad));
}

TokenId Largest(std::span<const float> logits) noexcept {
  return static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin());
}

}  // namespace

Sampler::Sampler(SamplerOptions options, size_t vocabulary)
    : options_(Checked(options, vocabulary)), penalties_(options_.penalties, vocabulary) {}

void Sampler::Accept(std::span<const TokenId> tokens) noexcept {
  for (const TokenId token : tokens) penalties_.Add(token);
}

std::span<const float> Sampler::Change(std::span<const float> logits) {
  if (options_.biases.empty() && !penalties_.is_active()) return logits;
  changed_.assign(logits.begin(), logits.end());
  for (const LogitBias& bias : options_.biases) {
    changed_[static_cast<size_t>(bias.token)] += bias.bias;
  }
  if (penalties_.is_active()) penalties_.Apply(changed_);
  return changed_;
}

TokenId Sampler::Sample(std::span<const float> original) {
  CheckUsable(original);
  const std::span<const float> logits = Change(original);
  if (logits.data() != original.data()) CheckUsable(logits);
  const uint64_t choice = choices_++;
  TokenId token = 0;
  if (options_.temperature == 0) {
    token = Largest(logits);
  } else {
    candidates_.Take(logits, options_.top_k);
    candidates_.KeepTypical(options_.typical_p);
    candidates_.KeepTop(options_.top_p);
    candidates_.KeepLikely(options_.min_p);
    token = candidates_.Draw(options_.temperature, UniformNumber(options_.seed, choice));
  }
  penalties_.Add(token);
  return token;
}

}  // namespace hlwq::runtime
