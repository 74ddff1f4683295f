#include "kernels/level_cells.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

namespace hlwq::kernels {
namespace {

constexpr size_t kLeastEntries = 64;
constexpr size_t kMostCells = 4096;
constexpr size_t kMostLevels = 256;

// Fills thresholds and bases for cells of `width`; false when one of them holds two thresholds.
bool FillCells(std::span<const float> thresholds, float width, int last, LevelCells& cells) {
  const int first = cells.by_magnitude ? 0 : -last;
  for (int j = first; j <= last; ++j) {
    // Exact: width is a power of two and j small.
    const float begin = (static_cast<float>(j) - 0.5f) * width;
    const float end = (static_cast<float>(j) + 0.5f) * width;
    const auto from = std::lower_bound(thresholds.begin(), thresholds.end(), begin);
    const auto to = std::lower_bound(thresholds.begin(), thresholds.end(), end);
    // A repeated threshold (equal levels) counts as two, too.
    if (to - from > 1) return false;
    const size_t cell = static_cast<size_t>(j) & (cells.cell_count - 1);
    cells.bases[cell] = static_cast<int32_t>(from - thresholds.begin());
    cells.thresholds[cell] = from == to ? std::numeric_limits<float>::infinity() : *from;
  }
  return true;
}

}  // namespace

std::optional<LevelCells> MakeLevelCells(const codec::LevelTable& table, bool by_magnitude) {
  LevelCells cells(table);
  cells.by_magnitude = by_magnitude;
  std::span<const float> levels = table.levels();
  std::span<const float> thresholds = table.thresholds();
  if (by_magnitude) {
    // The middle threshold is zero, where the sign decides.
    levels = levels.last(levels.size() / 2);
    thresholds = thresholds.last(levels.size() - 1);
  }
  cells.level_count = levels.size();
  cells.levels = hwy::AllocateAligned<float>(kMostLevels);
  std::fill_n(cells.levels.get(), kMostLevels, 0.0f);
  std::copy(levels.begin(), levels.end(), cells.levels.get());

  float largest = 0;
  for (const float t : thresholds) largest = std::max(largest, std::abs(t));
  for (float width = 1; width > 0x1p-20f; width *= 0.5f) {
    const float last = std::nearbyint(largest / width) + 1;
    if (last * 2 + 1 > static_cast<float>(kMostCells)) return std::nullopt;
    const auto last_cell = static_cast<int>(last);
    const auto needed = static_cast<size_t>(by_magnitude ? last_cell + 1 : 2 * last_cell + 1);
    cells.cell_count = std::bit_ceil(needed);
    const size_t entries = std::max(kLeastEntries, cells.cell_count);
    cells.thresholds = hwy::AllocateAligned<float>(entries);
    cells.bases = hwy::AllocateAligned<int32_t>(entries);
    std::fill_n(cells.thresholds.get(), entries, 0.0f);
    std::fill_n(cells.bases.get(), entries, 0);
    if (!FillCells(thresholds, width, last_cell, cells)) continue;
    cells.magic = 1.5f * 0x1p23f * width;
    cells.high = last * width;
    cells.low = by_magnitude ? 0 : -cells.high;
    return cells;
  }
  return std::nullopt;
}

std::optional<LevelCells> ChooseLevelCells(const codec::LevelTable& table) {
  if (table.is_antisymmetric()) {
    auto cells = MakeLevelCells(table, true);
    if (cells && cells->cell_count <= kMostRegisterCells &&
        cells->level_count <= kMostRegisterLevels) {
      return cells;
    }
  }
  return MakeLevelCells(table, false);
}

}  // namespace hlwq::kernels
