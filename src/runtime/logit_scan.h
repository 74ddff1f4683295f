// Passes over all logits of a vocabulary, written so that compilers turn them into vectors.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <span>

namespace hlwq::runtime {

inline constexpr size_t kScanLanes = 32;

// Whether one of kScanLanes logits is above `bound`; NaN is not.
inline bool AnyAbove(const float* logits, float bound) noexcept {
  int found = 0;
  for (size_t lane = 0; lane < kScanLanes; ++lane) found |= logits[lane] > bound ? 1 : 0;
  return found != 0;
}

struct LogitScan {
  size_t largest = 0;  // the lowest index of the largest, where all are usable
  bool is_any_possible = false;
  bool is_all_usable = true;  // neither NaN nor +infinity
};

inline LogitScan ScanLogits(std::span<const float> logits) noexcept {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  LogitScan scan;
  float largest = -kInfinity;
  for (size_t begin = 0; begin < logits.size(); begin += kScanLanes) {
    const size_t end = std::min(begin + kScanLanes, logits.size());
    if (end - begin == kScanLanes) {
      int unusable = 0, above = 0;
      for (size_t lane = 0; lane < kScanLanes; ++lane) {
        unusable |= logits[begin + lane] < kInfinity ? 0 : 1;
        above |= logits[begin + lane] > largest ? 1 : 0;
      }
      scan.is_all_usable &= unusable == 0;
      if (above == 0) continue;
    }
    for (size_t index = begin; index < end; ++index) {
      scan.is_all_usable &= logits[index] < kInfinity;
      if (!(logits[index] > largest)) continue;
      largest = logits[index];
      scan.largest = index;
    }
  }
  scan.is_any_possible = largest > -kInfinity;
  return scan;
}

}  // namespace hlwq::runtime
