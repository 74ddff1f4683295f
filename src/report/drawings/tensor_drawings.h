// The drawings of the report, one function and one file each. Every function gives one <svg>
// element, or an empty string where the data for it is missing. Colours that depend on light or
// dark mode come from the classes of report_style.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "codec/error_stats.h"
#include "report/tensor_summary.h"

namespace hlwq::report {

// SNR values to colours. The domain leaves far outliers out, so that one bad tensor does not hide
// the differences of all others; they take the colour of the end.
struct SnrScale {
  double low = 0;
  double high = 1;

  double Position(double snr_db) const { return (snr_db - low) / (high - low); }
  std::string Hex(double snr_db) const;  // also of infinities; not of NaN
};
// Of the finite values of `snrs` (any order); at least 1 dB wide, ends at multiples of 0.5 dB.
SnrScale MakeSnrScale(std::span<const double> snrs);

// SNR by layer (x) and role (y), with a colour legend and the values on hover.
std::string DrawSnrHeatMap(const TensorSummary& data, const SnrScale& scale);

// How many tensors have which SNR.
std::string DrawSnrDistribution(const TensorSummary& data, const SnrScale& scale);

// Histogram of the rotated coordinates against the density of N(0,1), the levels, in its unit, as
// ticks; below it their ratio. `levels` may be empty, `block_size` 0.
std::string DrawCoordinates(const codec::ErrorStats& stats, std::span<const float> levels,
                            uint32_t block_size);

// Share of every level against the probability of its cell under N(0,1) (`levels` may be empty).
std::string DrawCodeUse(const codec::ErrorStats& stats, std::span<const float> levels);

// Bytes before and after by part of the model, quantized and carried over.
std::string DrawSizes(const TensorSummary& data);

}  // namespace hlwq::report
