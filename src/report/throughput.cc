#include "report/throughput.h"

#include <algorithm>

#include "report/sample_statistics.h"

namespace hlwq::report {

double Samples::Median() const {
  if (empty()) return 0;
  std::vector<double> sorted = values;
  std::ranges::sort(sorted);
  return Percentile(sorted, 0.5);
}

double Samples::Min() const noexcept { return empty() ? 0 : std::ranges::min(values); }
double Samples::Max() const noexcept { return empty() ? 0 : std::ranges::max(values); }

}  // namespace hlwq::report
