// What quantizing did to a tensor: sums that can be added up over rows, slices and threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace hlwq::codec {

// All sums are in float64. Merge() in a fixed order gives the same figures on every run.
struct ErrorStats {
  static constexpr size_t kHistogramBins = 96;  // of the normalised coordinates that were coded,
  static constexpr double kHistogramMax = 4.8;  // over [-4.8, 4.8]; outliers go to the end bins
  // Every kSampledBlocks-th block of a matrix (by its index row * n_blocks + block, rows counted
  // from the start of the matrix) is counted in code_use and coordinates.
  static constexpr uint64_t kSampledBlocks = 128;

  uint64_t count = 0;                                  // weights, padding not counted
  double signal = 0;                                   // sum of w^2
  double noise = 0;                                    // sum of (w - w')^2
  double dot = 0;                                      // sum of w * w'
  double decoded = 0;                                  // sum of w'^2
  double max_abs_error = 0;                            // largest |w - w'|
  uint64_t zero_blocks = 0;                            // blocks without energy
  std::array<uint64_t, 256> code_use{};                // how often each level was taken, and the
  std::array<uint64_t, kHistogramBins> coordinates{};  // histogram: of sampled blocks

  void Merge(const ErrorStats& other);

  // 10 log10(signal / noise): +infinity without noise, NaN for an empty or all-zero tensor.
  double SnrDb() const;
  // dot / sqrt(signal * decoded); 1 where both are zero.
  double Cosine() const;
  // Adds one pair of an exact comparison; no code or coordinate is counted.
  void AddPair(double original, double decoded_value);
};

}  // namespace hlwq::codec
