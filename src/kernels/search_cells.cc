#include "kernels/search_cells.h"

#include <algorithm>
#include <limits>

namespace hlwq::kernels {
namespace {

// False when one of the cells of 2^shift would hold two thresholds or there would be too many.
bool FillCells(int shift, SearchCells& cells) {
  const auto& thresholds = cells.table.thresholds;
  const int top = thresholds.empty() ? 0 : thresholds.back();
  cells.cell_count = (top >> shift) + 2;
  if (cells.cell_count > SearchCells::kMostCells) return false;
  for (int cell = 0; cell < cells.cell_count; ++cell) {
    const auto from = std::lower_bound(thresholds.begin(), thresholds.end(), cell << shift);
    const auto to = std::lower_bound(from, thresholds.end(), (cell + 1) << shift);
    if (to - from > 1) return false;
    const auto at = static_cast<size_t>(cell);
    cells.bases[at] = static_cast<int16_t>(from - thresholds.begin());
    cells.thresholds[at] = from == to ? std::numeric_limits<int16_t>::max() : *from;
  }
  cells.cell_shift = shift;
  cells.cell_high = static_cast<int16_t>((cells.cell_count << shift) - 1);
  return true;
}

}  // namespace

SearchCells::SearchCells(const codec::SearchTable& source) : table(source) {
  if (!table.thresholds.empty()) {
    high = table.thresholds.back() + 1;
    low = table.by_magnitude ? 0 : std::min<int32_t>(table.thresholds.front(), high - 1);
  }
  const auto count = static_cast<size_t>(high - low + 1);
  lookup = hwy::AllocateAligned<int32_t>(count);
  for (size_t i = 0; i < count; ++i) {
    lookup[i] = table.Level(static_cast<int16_t>(low + static_cast<int32_t>(i)));
  }
  if (!table.by_magnitude || table.levels.size() > kMostLevels) return;
  std::copy(table.levels.begin(), table.levels.end(), levels.begin());
  for (int shift = 9; shift >= 4; --shift) {
    if (FillCells(shift, *this)) return;
  }
  cell_count = 0;
}

}  // namespace hlwq::kernels
