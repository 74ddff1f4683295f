#include "runtime/candidates.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "runtime/logit_scan.h"
#include "runtime/portable_exp.h"

namespace hlwq::runtime {
namespace {

using Candidate = Candidates::Candidate;

bool IsBefore(const Candidate& a, const Candidate& b) noexcept {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

std::vector<Candidate>::iterator At(std::vector<Candidate>& list, size_t index) {
  return list.begin() + static_cast<std::ptrdiff_t>(index);
}

}  // namespace

void Candidates::Take(std::span<const float> logits, size_t count) {
  list_.clear();
  sorted_ = 0;
  const bool takes_all = count == 0 || count >= logits.size();
  // Kept to twice the count: whenever it is full, what is not among the best goes, and what comes
  // later must be above the worst of them.
  const size_t most = takes_all ? logits.size() : std::min(logits.size(), 2 * count + 64);
  list_.reserve(most);
  float bound = -std::numeric_limits<float>::infinity();
  for (size_t begin = 0; begin < logits.size(); begin += kScanLanes) {
    const size_t end = std::min(begin + kScanLanes, logits.size());
    // Once there are enough, nearly all are below the bound.
    if (end - begin == kScanLanes && !AnyAbove(&logits[begin], bound)) continue;
    for (size_t token = begin; token < end; ++token) {
      if (!(logits[token] > bound)) continue;
      list_.push_back({static_cast<TokenId>(token), logits[token], 0});
      if (takes_all || list_.size() < most) continue;
      std::ranges::nth_element(list_, At(list_, count - 1), IsBefore);
      bound = list_[count - 1].logit;
      list_.resize(count);
    }
  }
  HLWQ_DASSERT(!list_.empty());
  if (takes_all) {
    largest_ = std::ranges::min_element(list_, IsBefore)->logit;
    return;
  }
  SortAtLeast(std::min(count, list_.size()));
  list_.resize(std::min(count, list_.size()));
  sorted_ = list_.size();
  largest_ = list_.front().logit;
}

// Brings the `count` likeliest to the front, in order.
void Candidates::SortAtLeast(size_t count) {
  if (count <= sorted_) return;
  if (count < list_.size()) {
    std::nth_element(At(list_, sorted_), At(list_, count - 1), list_.end(), IsBefore);
  }
  std::sort(At(list_, sorted_), At(list_, count), IsBefore);
  sorted_ = count;
}

double Candidates::SetWeights(double temperature) {
  double sum = 0;
  for (Candidate& candidate : list_) {
    candidate.weight = PortableExp((double{candidate.logit} - largest_) / temperature);
    sum += candidate.weight;
  }
  return sum;
}

void Candidates::KeepTop(double share) {
  if (share >= 1) return;
  constexpr size_t kFirstSorted = 256;
  const double wanted = share * SetWeights(1);
  double sum = 0;
  size_t kept = 0;
  while (kept < list_.size() && (kept == 0 || sum < wanted)) {
    if (kept == sorted_) SortAtLeast(std::min(list_.size(), std::max(kFirstSorted, 4 * kept)));
    sum += list_[kept++].weight;
  }
  list_.resize(kept);
  sorted_ = kept;
}

void Candidates::KeepLikely(double ratio) {
  if (ratio <= 0) return;
  SetWeights(1);
  const auto is_unlikely = [&](const Candidate& candidate) { return candidate.weight < ratio; };
  const auto sorted_end = std::remove_if(list_.begin(), At(list_, sorted_), is_unlikely);
  const auto sorted_left = static_cast<size_t>(sorted_end - list_.begin());
  const auto rest_end = std::remove_if(At(list_, sorted_), list_.end(), is_unlikely);
  list_.erase(std::move(At(list_, sorted_), rest_end, sorted_end), list_.end());
  sorted_ = sorted_left;
}

void Candidates::KeepTypical(double share) {
  if (share >= 1) return;
  // Surprise -log p = log(sum) - x and entropy differ by the mean of x minus x: no logarithm.
  const double total = SetWeights(1);
  double mean = 0;
  for (const Candidate& candidate : list_) {
    mean += candidate.weight / total * (double{candidate.logit} - largest_);
  }
  const auto distance = [&](const Candidate& candidate) {
    return std::abs(mean - (double{candidate.logit} - largest_));
  };
  std::ranges::sort(list_, [&](const Candidate& a, const Candidate& b) {
    const double distance_a = distance(a), distance_b = distance(b);
    return distance_a != distance_b ? distance_a < distance_b : IsBefore(a, b);
  });
  double sum = 0;
  size_t kept = 0;
  while (kept < list_.size() && (kept == 0 || sum < share * total)) sum += list_[kept++].weight;
  list_.resize(kept);
  sorted_ = 0;
  SortAtLeast(kept);
  largest_ = list_.front().logit;
}

TokenId Candidates::Draw(double temperature, double position) {
  const double wanted = position * SetWeights(temperature);
  double sum = 0;
  for (const Candidate& candidate : list_) {
    sum += candidate.weight;
    if (sum > wanted) return candidate.token;
  }
  // The last one that is possible: `wanted` was rounded up to the sum.
  const auto last = std::ranges::find_if(list_.rbegin(), list_.rend(),
                                         [](const Candidate& c) { return c.weight > 0; });
  return last->token;
}

}  // namespace hlwq::runtime
