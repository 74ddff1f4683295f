#include "codec/block_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"

namespace hlwq::codec {

void AddWeightErrors(std::span<const float> weights, std::span<const float> decoded,
                     ErrorStats& stats) {
  for (size_t i = 0; i < weights.size(); ++i) {
    const double error = double{weights[i]} - decoded[i];
    stats.noise += error * error;
    stats.dot += double{weights[i]} * decoded[i];
    stats.decoded += double{decoded[i]} * decoded[i];
    stats.max_abs_error = std::max(stats.max_abs_error, std::abs(error));
  }
}

void CountSample(std::span<const float, kBlockSize> weights,
                 std::span<const uint8_t, kBlockSize> codes, ErrorStats& stats) {
  CountCodes(codes, stats);
  std::array<float, kBlockSize> v;
  std::copy(weights.begin(), weights.end(), v.begin());
  Fwht128(v);
  CountCoordinates(v, stats);
}

void CountCodes(std::span<const uint8_t> codes, ErrorStats& stats) {
  for (const uint8_t code : codes) ++stats.code_use[code];
}

void CountCoordinates(std::span<const float> values, ErrorStats& stats) {
  double energy = 0;
  for (const float value : values) energy += double{value} * value;
  if (energy == 0) return;
  const double to_bins = ErrorStats::kHistogramBins / (2 * ErrorStats::kHistogramMax);
  const double inverse_norm = 1 / std::sqrt(energy / static_cast<double>(values.size()));
  for (const float value : values) {
    const double bin = (value * inverse_norm + ErrorStats::kHistogramMax) * to_bins;
    ++stats.coordinates[static_cast<size_t>(
        std::clamp(bin, 0.0, double{ErrorStats::kHistogramBins - 1}))];
  }
}

std::string BlockPlace(std::span<const float> weights, uint64_t row, uint64_t column) {
  return fmt::format("row {}, columns {}..{}", row, column, column + weights.size() - 1);
}

void RequireFinite(std::span<const float> weights, uint64_t row, uint64_t column) {
  const auto bad =
      std::find_if(weights.begin(), weights.end(), [](float w) { return !std::isfinite(w); });
  if (bad == weights.end()) return;
  throw Error(
      ErrorCode::kNonFinite,
      fmt::format("{}: want finite values, got {} in column {}", BlockPlace(weights, row, column),
                  *bad, column + static_cast<uint64_t>(bad - weights.begin())));
}

void ThrowUnstorable(std::span<const float> weights, uint64_t row, uint64_t column,
                     std::string_view limit) {
  RequireFinite(weights, row, column);
  double energy = 0;
  for (const float w : weights) energy += double{w} * w;
  throw Error(ErrorCode::kNonFinite,
              fmt::format("{}: want {}, got {:.6g}", BlockPlace(weights, row, column), limit,
                          std::sqrt(energy)));
}

}  // namespace hlwq::codec
