#include "eval/pair_errors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

#include "base/error.h"

namespace hlwq::eval {
namespace {

constexpr size_t kLanes = 8;
using Lanes = std::array<double, kLanes>;

double Sum(const Lanes& lanes) noexcept {
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) +
         ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

// With values that are not finite: rare, one by one.
void AddDamaged(std::span<const float> a, std::span<const float> b,
                codec::ErrorStats& stats) noexcept {
  for (size_t index = 0; index < a.size(); ++index) {
    const float x = a[index];
    const float y = b[index];
    if (std::isfinite(x) && std::isfinite(y)) {
      stats.AddPair(x, y);
      continue;
    }
    ++stats.count;
    const bool is_same = x == y || (std::isnan(x) && std::isnan(y));
    if (!is_same) {
      stats.noise = std::numeric_limits<double>::infinity();
      stats.max_abs_error = std::numeric_limits<double>::infinity();
    }
  }
}

}  // namespace

void AddPairs(std::span<const float> a, std::span<const float> b,
              codec::ErrorStats& stats) noexcept {
  HLWQ_DASSERT(a.size() == b.size());
  Lanes signal{}, noise{}, dot{}, decoded{}, largest{};
  const size_t whole = a.size() / kLanes * kLanes;
  for (size_t begin = 0; begin < whole; begin += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const double x = a[begin + lane];
      const double y = b[begin + lane];
      const double error = x - y;
      const double magnitude = std::abs(error);
      signal[lane] += x * x;
      noise[lane] += error * error;
      dot[lane] += x * y;
      decoded[lane] += y * y;
      largest[lane] = std::max(largest[lane], magnitude);
    }
  }
  codec::ErrorStats sums;
  sums.count = whole;
  sums.signal = Sum(signal);
  sums.noise = Sum(noise);
  sums.dot = Sum(dot);
  sums.decoded = Sum(decoded);
  sums.max_abs_error = *std::ranges::max_element(largest);
  // Squares of float32 cannot overflow float64: only damaged input makes these not finite.
  if (std::isfinite(sums.signal) && std::isfinite(sums.decoded)) {
    stats.Merge(sums);
  } else {
    AddDamaged(a.first(whole), b.first(whole), stats);
  }
  AddDamaged(a.subspan(whole), b.subspan(whole), stats);
}

}  // namespace hlwq::eval
