// The error sums of two runs of numbers.
#pragma once

#include <span>

#include "codec/error_stats.h"

namespace hlwq::eval {

// Adds the pairs (a[i], b[i]) to the sums of `stats`; histograms are left alone. A value that is not
// finite and not the same on both sides makes noise and max_abs_error infinite, so that the tensor
// ranks worst; the same on both sides it is no error and adds nothing. Sums run in eight lanes that
// are added up in a fixed order: the result depends on the data alone. Sizes must agree.
void AddPairs(std::span<const float> a, std::span<const float> b,
              codec::ErrorStats& stats) noexcept;

}  // namespace hlwq::eval
