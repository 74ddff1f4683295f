#include "report/ablation.h"

#include <cmath>

namespace hlwq::report {

double ZScore(const Estimate& difference) noexcept {
  if (difference.value == 0 && difference.block_error == 0) return 0;
  return difference.value / difference.block_error;
}

bool IsResolved(const Estimate& difference) noexcept {
  return std::abs(ZScore(difference)) > kResolvedZ;
}

}  // namespace hlwq::report
