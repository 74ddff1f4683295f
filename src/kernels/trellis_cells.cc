#include "kernels/trellis_cells.h"

#include <algorithm>
#include <bit>

namespace hlwq::kernels {

std::optional<TrellisCells> MakeTrellisCells(const codec::TrellisTable& table) {
  std::optional<TrellisCells> cells(table);
  const size_t width = (static_cast<size_t>(table.most_z()) + 1) / TrellisCells::kCells;
  if (width == 0 || !std::has_single_bit(width)) return std::nullopt;
  cells->cell_shift = std::countr_zero(width);
  for (size_t subset = 0; subset < codec::kTrellisSubsets; ++subset) {
    TrellisCells::Subset& out = cells->subsets[subset];
    for (size_t cell = 0; cell < TrellisCells::kCells; ++cell) {
      // Nearest levels ascend with z, so those of the ends are all when they are neighbours.
      const auto number = [&](size_t z) {
        return int16_t{table.NearestTo(static_cast<int>(z)).level[subset]};
      };
      out.low_number[cell] = number(cell * width);
      out.high_number[cell] = number((cell + 1) * width - 1);
      const int apart = out.high_number[cell] - out.low_number[cell];
      if (apart > static_cast<int>(codec::kTrellisSubsets)) return std::nullopt;
      out.low[cell] = table.grid()[static_cast<size_t>(out.low_number[cell])];
      out.high[cell] = table.grid()[static_cast<size_t>(out.high_number[cell])];
    }
  }
  cells->levels = hwy::AllocateAligned<float>(256);
  std::fill_n(cells->levels.get(), 256, 0.0f);
  std::copy(table.levels().begin(), table.levels().end(), cells->levels.get());
  return cells;
}

}  // namespace hlwq::kernels
