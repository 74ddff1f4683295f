#include "runtime/penalties.h"

namespace hlwq::runtime {

Penalties::Penalties(const PenaltyOptions& options, size_t vocabulary) : options_(options) {
  if (!options_.is_active()) return;
  counts_.resize(vocabulary);
  listed_.reserve(vocabulary);
  if (options_.window != PenaltyOptions::kWholeContext) window_.resize(options_.window);
}

void Penalties::Add(TokenId token) noexcept {
  if (!options_.is_active()) return;
  if (!window_.empty()) {
    if (filled_ == window_.size()) {
      --counts_[static_cast<size_t>(window_[oldest_])].times;
    } else {
      ++filled_;
    }
    window_[oldest_] = token;
    oldest_ = (oldest_ + 1) % window_.size();
  }
  Count& count = counts_[static_cast<size_t>(token)];
  ++count.times;
  if (count.is_listed == 0) {
    count.is_listed = 1;
    listed_.push_back(token);
  }
}

void Penalties::Apply(std::span<float> logits) noexcept {
  const auto repeat = static_cast<float>(options_.repeat);
  for (size_t index = 0; index < listed_.size();) {
    const auto token = static_cast<size_t>(listed_[index]);
    Count& count = counts_[token];
    if (count.times == 0) {
      count.is_listed = 0;
      listed_[index] = listed_.back();
      listed_.pop_back();
      continue;
    }
    float& logit = logits[token];
    logit = logit > 0 ? logit / repeat : logit * repeat;
    logit -= static_cast<float>(options_.presence + options_.frequency * count.times);
    ++index;
  }
}

}  // namespace hlwq::runtime
