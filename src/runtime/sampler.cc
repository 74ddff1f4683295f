#include "runtime/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "runtime/logit_scan.h"

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

void Forbid(std::span<const uint32_t> allowed, std::span<float> logits) noexcept {
  for (size_t begin = 0; begin < logits.size(); begin += 32) {
    const size_t count = std::min<size_t>(32, logits.size() - begin);
    const std::span<float> some = logits.subspan(begin, count);
    uint32_t forbidden = ~allowed[begin / 32];
    if (forbidden == ~uint32_t{0}) {
      std::ranges::fill(some, -kInfinity);
      continue;
    }
    for (; forbidden != 0; forbidden &= forbidden - 1) {
      const auto i = static_cast<size_t>(std::countr_zero(forbidden));
      if (i < count) some[i] = -kInfinity;
    }
  }
}

void CheckUsable(std::span<const float> logits, const LogitScan& scan) {
  if (scan.is_all_usable && scan.is_any_possible) return;
  const auto bad = std::ranges::find_if(logits, [](float logit) { return !(logit < kInfinity); });
  if (bad == logits.end()) {
    throw Error(ErrorCode::kNonFinite, "no token is possible: every logit is -infinity");
  }
  throw Error(ErrorCode::kNonFinite, fmt::format("logit of token {}: want a finite number, got {}",
                                                 bad - logits.begin(), *bad));
}

}  // namespace

Sampler::Sampler(SamplerOptions options, size_t vocabulary)
    : options_(Checked(options, vocabulary)), penalties_(options_.penalties, vocabulary) {}

void Sampler::Accept(std::span<const TokenId> tokens) noexcept {
  for (const TokenId token : tokens) penalties_.Add(token);
}

std::span<const float> Sampler::Change(std::span<const float> logits,
                                       std::span<const uint32_t> allowed) {
  if (options_.biases.empty() && !penalties_.is_active() && allowed.empty()) return logits;
  changed_.assign(logits.begin(), logits.end());
  for (const LogitBias& bias : options_.biases) {
    changed_[static_cast<size_t>(bias.token)] += bias.bias;
  }
  if (penalties_.is_active()) penalties_.Apply(changed_);
  if (!allowed.empty()) Forbid(allowed, changed_);
  return changed_;
}

TokenId Sampler::Sample(std::span<const float> original, std::span<const uint32_t> allowed) {
  const std::span<const float> logits = Change(original, allowed);
  const LogitScan scan = ScanLogits(logits);  // changes leave what is not finite as it is
  CheckUsable(logits, scan);
  const uint64_t choice = choices_++;
  TokenId token = 0;
  if (options_.temperature == 0) {
    token = static_cast<TokenId>(scan.largest);
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
