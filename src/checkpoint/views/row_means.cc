#include "checkpoint/views/row_means.h"

#include <numeric>

#include "base/error.h"

namespace hlwq::checkpoint {

void RowMeans::Apply(RowRange rows, std::span<float> weights) const {
  if (weights.empty()) return;
  HLWQ_DASSERT(rows.end <= means_.size());
  const uint64_t in = weights.size() / rows.size();
  for (uint64_t row = rows.begin; row < rows.end; ++row) {
    const std::span<float> here = weights.subspan((row - rows.begin) * in, in);
    const double mean = std::accumulate(here.begin(), here.end(), 0.0) / static_cast<double>(in);
    const auto shift = static_cast<float>(means_[row] - mean);
    for (float& weight : here) weight += shift;
  }
}

}  // namespace hlwq::checkpoint
