// Shifts every row of a matrix to a mean of its own.
#pragma once

#include <vector>

#include "checkpoint/views/row_change.h"

namespace hlwq::checkpoint {

class RowMeans final : public RowChange {
 public:
  // `means` [rows of the derived tensor]
  explicit RowMeans(std::vector<double> means) : means_(std::move(means)) {}

  void Apply(RowRange rows, std::span<float> weights) const override;

 private:
  std::vector<double> means_;
};

}  // namespace hlwq::checkpoint
