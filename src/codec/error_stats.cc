#include "codec/error_stats.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hlwq::codec {

void ErrorStats::Merge(const ErrorStats& other) {
  count += other.count;
  signal += other.signal;
  noise += other.noise;
  dot += other.dot;
  decoded += other.decoded;
  // A NaN, which only a comparison of damaged tensors brings, must not be lost.
  if (std::isnan(other.max_abs_error) || other.max_abs_error > max_abs_error) {
    max_abs_error = other.max_abs_error;
  }
  zero_blocks += other.zero_blocks;
  for (size_t i = 0; i < code_use.size(); ++i) code_use[i] += other.code_use[i];
  for (size_t i = 0; i < kHistogramBins; ++i) coordinates[i] += other.coordinates[i];
}

double ErrorStats::SnrDb() const {
  if (signal == 0 && noise == 0) return std::numeric_limits<double>::quiet_NaN();
  if (noise == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(signal / noise);
}

double ErrorStats::Cosine() const {
  if (signal == 0 && decoded == 0) return 1;
  // Two roots: the product of two tiny sums may underflow.
  return dot / (std::sqrt(signal) * std::sqrt(decoded));
}

void ErrorStats::AddPair(double original, double decoded_value) {
  const double error = original - decoded_value;
  ++count;
  signal += original * original;
  noise += error * error;
  dot += original * decoded_value;
  decoded += decoded_value * decoded_value;
  const double magnitude = std::abs(error);
  if (std::isnan(magnitude) || magnitude > max_abs_error) max_abs_error = magnitude;
}

}  // namespace hlwq::codec
