// Means of many values with the error of the mean, and percentiles. Sums in double.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

namespace hlwq::report {

// A figure and how far it may be off, from how much the tokens differ among each other.
struct Estimate {
  double value = 0;
  // As if tokens were independent: deviation / sqrt(count). NaN for fewer than two values.
  double token_error = 0;
  // From the means of consecutive blocks of about sqrt(count) values, which holds also where
  // neighbours depend on each other, as they do in a text (batch means). NaN for fewer than four.
  double block_error = 0;

  // The figure times `factor`, and its errors: f(x) with f' = factor, to first order.
  Estimate Scaled(double value_of_f, double factor) const noexcept;
  bool operator==(const Estimate&) const = default;
};

// The mean of `values` in their order. NaN for none.
Estimate MeanOf(std::span<const double> values) noexcept;

// e^mean: a perplexity from a mean of negative log-likelihoods, or a ratio of two from a mean of
// paired differences.
Estimate ExpOf(const Estimate& mean) noexcept;

// sqrt(mean), errors to first order.
Estimate SqrtOf(const Estimate& mean) noexcept;

// The value below which `share` of `ascending` lie, linear between neighbours: element
// share * (n - 1). Not empty; share in [0, 1].
double Percentile(std::span<const double> ascending, double share) noexcept;

// Percentile with the error that counting tells, whatever the distribution: how many of n values lie
// below the true one deviates by sqrt(share * (1 - share) / n), and half of what that spans among
// the values is the error. block_error is NaN. NaN throughout for none.
Estimate PercentileOf(std::span<const double> ascending, double share) noexcept;

// {"value", "standard_error", "block_standard_error"}.
nlohmann::json EstimateToJson(const Estimate& estimate);

}  // namespace hlwq::report
