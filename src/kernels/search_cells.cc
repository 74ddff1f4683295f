#include "kernels/search_cells.h"

#include <algorithm>
#include <limits>

namespace hlwq::kernels {

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
  if (table.has_byte_grid) FillBytes();
  if (!table.by_magnitude || table.levels.size() > kMostLevels) return;
  std::copy(table.levels.begin(), table.levels.end(), levels.begin());
  for (int shift = 9; shift >= 0; --shift) {
    if (FillCells(shift)) return;
  }
  cell_count = 0;
}

// False when one of the cells of 2^shift would hold two thresholds or there would be too many.
bool SearchCells::FillCells(int shift) {
  const auto& all = table.thresholds;
  const int top = all.empty() ? 0 : all.back();
  cell_count = (top >> shift) + 2;
  if (cell_count > kMostCells) return false;
  for (int cell = 0; cell < cell_count; ++cell) {
    const auto from = std::lower_bound(all.begin(), all.end(), cell << shift);
    const auto to = std::lower_bound(from, all.end(), (cell + 1) << shift);
    if (to - from > 1) return false;
    const auto at = static_cast<size_t>(cell);
    bases[at] = static_cast<int16_t>(from - all.begin());
    thresholds[at] = from == to ? std::numeric_limits<int16_t>::max() : *from;
  }
  cell_shift = shift;
  cell_high = static_cast<int16_t>((cell_count << shift) - 1);
  return true;
}

void SearchCells::FillBytes() {
  const auto& all = table.thresholds;
  for (size_t z = 0; z < byte_lookup.size(); ++z) {
    byte_lookup[z] = static_cast<uint8_t>(table.Level(static_cast<int16_t>(z)));
  }
  for (size_t cell = 0; cell < byte_thresholds.size(); ++cell) {
    const auto begin = static_cast<int>(4 * cell);
    const auto from = std::lower_bound(all.begin(), all.end(), begin);
    const bool has_one = from != all.end() && *from < begin + 4;
    byte_bases[cell] = static_cast<int8_t>(from - all.begin());
    byte_thresholds[cell] = has_one ? static_cast<int8_t>(*from) : int8_t{127};
  }
  std::copy(table.levels.begin(), table.levels.end(), byte_levels.begin());
}

}  // namespace hlwq::kernels
