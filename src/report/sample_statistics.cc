#include "report/sample_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "report/json_number.h"

namespace hlwq::report {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double Mean(std::span<const double> values) noexcept {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// Of the mean of independent values.
double StandardError(std::span<const double> values) noexcept {
  if (values.size() < 2) return kNone;
  const double mean = Mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const auto count = static_cast<double>(values.size());
  return std::sqrt(squares / (count - 1) / count);
}

// Blocks differ by one value at most.
double BlockStandardError(std::span<const double> values) {
  const auto blocks = static_cast<size_t>(std::sqrt(static_cast<double>(values.size())));
  if (blocks < 2) return kNone;
  std::vector<double> means;
  for (size_t block = 0; block < blocks; ++block) {
    const size_t begin = block * values.size() / blocks;
    const size_t end = (block + 1) * values.size() / blocks;
    means.push_back(Mean(values.subspan(begin, end - begin)));
  }
  return StandardError(means);
}

}  // namespace

Estimate Estimate::Scaled(double value_of_f, double factor) const noexcept {
  const double size = std::abs(factor);
  return {value_of_f, token_error * size, block_error * size};
}

Estimate MeanOf(std::span<const double> values) noexcept {
  if (values.empty()) return {kNone, kNone, kNone};
  return {Mean(values), StandardError(values), BlockStandardError(values)};
}

Estimate ExpOf(const Estimate& mean) noexcept {
  const double value = std::exp(mean.value);
  return mean.Scaled(value, value);
}

Estimate SqrtOf(const Estimate& mean) noexcept {
  const double value = std::sqrt(mean.value);
  return mean.value == 0 ? mean.Scaled(0, 0) : mean.Scaled(value, 0.5 / value);
}

double Percentile(std::span<const double> ascending, double share) noexcept {
  HLWQ_DASSERT(!ascending.empty() && share >= 0 && share <= 1);
  const double place = share * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<size_t>(place);
  if (below + 1 >= ascending.size()) return ascending.back();
  return std::lerp(ascending[below], ascending[below + 1], place - static_cast<double>(below));
}

Estimate PercentileOf(std::span<const double> ascending, double share) noexcept {
  if (ascending.empty()) return {kNone, kNone, kNone};
  const double deviation = std::sqrt(share * (1 - share) / static_cast<double>(ascending.size()));
  const double low = Percentile(ascending, std::max(share - deviation, 0.0));
  const double high = Percentile(ascending, std::min(share + deviation, 1.0));
  return {Percentile(ascending, share), (high - low) / 2, kNone};
}

nlohmann::json EstimateToJson(const Estimate& estimate) {
  return {{"value", JsonNumber(estimate.value)},
          {"standard_error", JsonNumber(estimate.token_error)},
          {"block_standard_error", JsonNumber(estimate.block_error)}};
}

}  // namespace hlwq::report
