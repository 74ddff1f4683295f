// codec::TrellisTable laid out for vector code.
#pragma once

#include <hwy/aligned_allocator.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "codec/trellis_table.h"

namespace hlwq::kernels {

// Magnitudes on the grid are cut into equal cells. In each cell a subset's nearest level is one of
// two, `low` where it is not farther, else `high`.
struct TrellisCells {
  static constexpr size_t kCells = 32;
  using Words = std::array<int16_t, kCells>;

  explicit TrellisCells(const codec::TrellisTable& source) : table(source) {}

  codec::TrellisTable table;
  int cell_shift = 0;  // of magnitudes up to table.most_z()
  struct Subset {
    alignas(64) Words low;  // on the grid; equal where there is one level only
    alignas(64) Words high;
    alignas(64) Words low_number;
    alignas(64) Words high_number;
  };
  std::array<Subset, codec::kTrellisSubsets> subsets;
  hwy::AlignedFreeUniquePtr<float[]> levels;  // [256], zeros after the last
};

// Empty when a cell would need more than two levels of a subset (levels that no sensible table has).
std::optional<TrellisCells> MakeTrellisCells(const codec::TrellisTable& table);

}  // namespace hlwq::kernels
