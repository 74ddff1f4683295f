// Plausible records of tensors, for drawing: no weights are made, only what coding them would leave
// in a record.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "checkpoint/tensor_report.h"

namespace hlwq::test {

// The levels of the optimal quantizer of N(0,1), by Lloyd iterations to a fixed point.
std::vector<float> OptimalLevels(int bits);

struct SyntheticModel {
  int layers = 32;
  int experts = 0;                    // 0: a dense MLP; else records per expert slice
  bool has_hybrid_attention = false;  // three of four layers use linear attention
  bool has_mixed_bits = false;        // gate/up 3, down 4, q/k/v 5, o/out 6
  int bits = 5;
  uint64_t hidden = 2048;
  uint64_t seed = 1;
};
std::vector<checkpoint::TensorReport> MakeReports(const SyntheticModel& model);

// A quantized matrix as coding i.i.d. Gaussian weights leaves it, `snr_offset_db` off the optimum.
checkpoint::TensorReport MakeQuantized(const std::string& name, checkpoint::Role role, int layer,
                                       const Shape& shape, int bits, double snr_offset_db);
checkpoint::TensorReport MakeCarried(const std::string& name, checkpoint::Role role, int layer,
                                     const Shape& shape);

// The levels of every bits value that occurs in `reports`.
std::map<int, std::vector<float>> LevelsOf(const std::vector<checkpoint::TensorReport>& reports);

}  // namespace hlwq::test
