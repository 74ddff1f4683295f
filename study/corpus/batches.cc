#include "study/corpus/batches.h"

#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/random.h"

namespace hlwq::study {

BatchOrder::BatchOrder(std::span<const TokenId> tokens, size_t length, uint64_t seed)
    : tokens_(tokens), length_(length), windows_(tokens.size() / length), seed_(seed) {
  if (windows_ == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("want at least one window of {} tokens to train on, got {} tokens",
                            length, tokens.size()));
  }
}

void BatchOrder::Shuffle(uint64_t epoch) {
  if (epoch == epoch_) return;
  constexpr uint64_t kOrderStreams = uint64_t{1} << 32;
  CounterRandom random(seed_, kOrderStreams + epoch);
  order_.resize(windows_);
  std::iota(order_.begin(), order_.end(), 0u);
  for (size_t left = windows_; left > 1; --left) {
    std::swap(order_[left - 1], order_[random.Below(left)]);
  }
  epoch_ = epoch;
}

void BatchOrder::Append(uint64_t first, size_t count, std::vector<TokenId>& out) {
  for (uint64_t number = first; number < first + count; ++number) {
    Shuffle(number / windows_);
    const auto window = tokens_.subspan(order_[number % windows_] * length_, length_);
    out.insert(out.end(), window.begin(), window.end());
  }
}

}  // namespace hlwq::study
