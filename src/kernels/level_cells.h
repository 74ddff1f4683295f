// Levels laid out for vector code: the line is cut into cells no wider than the distance of two
// thresholds, so that a cell number and one comparison give the code.
#pragma once

#include <hwy/aligned_allocator.h>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "codec/hlwq_block.h"
#include "kernels/search_cells.h"

namespace hlwq::kernels {

// Cell j is the closed interval of values that z + magic rounds to: [(j - 1/2) w, (j + 1/2) w], w a
// power of two. The low bits of that float are j modulo any power of two, which saves a conversion.
// Inside it: number = bases[j] + (z > thresholds[j]), the number of thresholds below z.
struct LevelCells {
  // `source` can encode.
  explicit LevelCells(const codec::LevelTable& source) : table(source), search(source.search()) {}

  codec::LevelTable table;  // what the cells are made from
  SearchCells search;
  // Antisymmetric levels are looked up by magnitude: `number` counts the positive thresholds, level
  // and code follow from the sign. Otherwise by value, and `number` is the code.
  bool by_magnitude = false;
  float magic = 0;          // 1.5 * 2^23 * w
  float low = 0, high = 0;  // z is clamped to [low, high] first
  size_t cell_count = 0;    // a power of two; the arrays are padded with zeros to at least 64
  size_t level_count = 0;   // 2^bits, or half of it by magnitude
  hwy::AlignedFreeUniquePtr<float[]> thresholds;  // [cell_count]
  hwy::AlignedFreeUniquePtr<int32_t[]> bases;     // [cell_count]
  hwy::AlignedFreeUniquePtr<float[]> levels;      // [level_count], zeros after that up to 256
};

// `by_magnitude` needs table.is_antisymmetric(). Empty when two thresholds are so close that more
// than 4096 cells would be needed (levels that no sensible table has).
std::optional<LevelCells> MakeLevelCells(const codec::LevelTable& table, bool by_magnitude);

// The form that EncodeBlocks is fastest with: by magnitude where the cells then fit the registers
// of its widest kernel, else by value.
inline constexpr size_t kMostRegisterCells = 64;
inline constexpr size_t kMostRegisterLevels = 32;
std::optional<LevelCells> ChooseLevelCells(const codec::LevelTable& table);

}  // namespace hlwq::kernels
