// The records of a report, summed up the way its drawings need them.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "checkpoint/tensor_report.h"
#include "report/role_group.h"

namespace hlwq::report {

// Tensors of one role in one column of the heat map (or of all, for margins).
struct Cell {
  checkpoint::Role role = checkpoint::Role::kOther;
  size_t column = 0;
  uint64_t tensors = 0;
  codec::ErrorStats errors;  // of all of them
  double worst_snr = 0;      // the lowest; SnrOrder decides
  double best_snr = 0;
  int min_bits = 0;
  int max_bits = 0;

  void Add(const checkpoint::TensorReport& report);
};

// Neighbouring layers that share a column; one layer each, unless there are very many.
struct LayerColumn {
  int first_layer = 0;
  int last_layer = 0;
};

// Bytes and counts of one part of the model.
struct SizeRow {
  uint64_t quantized_tensors = 0;
  uint64_t carried_tensors = 0;
  uint64_t quantized_weights = 0;
  uint64_t carried_weights = 0;
  uint64_t quantized_before = 0;  // bytes
  uint64_t quantized_after = 0;
  uint64_t carried_before = 0;
  uint64_t carried_after = 0;

  void Add(const checkpoint::TensorReport& report);
  void Add(const SizeRow& other);
  uint64_t tensors() const { return quantized_tensors + carried_tensors; }
  uint64_t weights() const { return quantized_weights + carried_weights; }
  uint64_t before() const { return quantized_before + carried_before; }
  uint64_t after() const { return quantized_after + carried_after; }
};

struct RatedTensor {
  const checkpoint::TensorReport* report = nullptr;  // into the records summed up
  double snr = 0;
};

struct TensorSummary {
  std::vector<LayerColumn> columns;
  std::vector<Cell> cells;                   // ordered by role, then column
  std::vector<Cell> by_role;                 // over all layers and outside them
  std::vector<Cell> outside;                 // tensors in no layer, by role
  std::map<int, codec::ErrorStats> by_bits;  // of tensors whose codes or coordinates were counted
  codec::ErrorStats total;
  std::map<RoleGroup, SizeRow> sizes;
  SizeRow size_total;
  std::vector<RatedTensor> rated;  // worst first, ties by name; exact and all-zero ones last
  uint64_t exact_tensors = 0;      // no error
  uint64_t zero_tensors = 0;       // no signal and no error
  uint64_t lost_tensors = 0;       // SNR of -infinity
};

// Whether codes or coordinates were counted, not only values compared.
bool HasCodes(const codec::ErrorStats& errors) noexcept;

// The levels of a table in the unit of the coordinates, a root mean square of 1: so that the levels that
// were taken have, on average, the energy of what was decoded. As they are where nothing was counted.
std::vector<float> LevelsAmongCoordinates(std::span<const float> levels,
                                          const codec::ErrorStats& stats);

// True when `a` is worse: lost, then finite ascending, then exact, then all zero.
bool IsWorseSnr(double a, double b) noexcept;

// Finite SNRs of the rated tensors, ascending.
std::vector<double> FiniteSnrs(const TensorSummary& data);

// Sums up `reports`, which must outlive the result. At most `max_columns` columns are made.
TensorSummary SummarizeTensors(std::span<const checkpoint::TensorReport> reports,
                               size_t max_columns = 256);

}  // namespace hlwq::report
