// codec::SearchTable laid out for vector code.
#pragma once

#include <hwy/aligned_allocator.h>
#include <array>
#include <cstdint>

#include "codec/scale_search.h"

namespace hlwq::kernels {

struct SearchCells {
  explicit SearchCells(const codec::SearchTable& source);

  codec::SearchTable table;
  // Scaled coordinates are clamped to [low, high] first, which changes no level.
  int32_t low = 0, high = 0;
  hwy::AlignedFreeUniquePtr<int32_t[]> lookup;  // the level of z at [z - low]

  // Where the table is by magnitude and small, also cells of 2^cell_shift that hold one threshold
  // at most: number of thresholds below z = bases[cell] + (z > thresholds[cell]), cell = z >>
  // cell_shift. cell_count 0: the table is not of that kind.
  static constexpr int kMostCells = 64;
  static constexpr int kMostLevels = 32;
  int cell_count = 0;
  int cell_shift = 0;
  int16_t cell_high = 0;  // clamp for the cells
  alignas(64) std::array<int16_t, kMostCells> thresholds{};
  alignas(64) std::array<int16_t, kMostCells> bases{};
  alignas(64) std::array<int16_t, kMostLevels> levels{};

  // On the byte grid the same as bytes, by cells of four, and the level of every z in 0..127.
  alignas(64) std::array<uint8_t, 128> byte_lookup{};
  alignas(32) std::array<int8_t, 32> byte_thresholds{};
  alignas(32) std::array<int8_t, 32> byte_bases{};
  alignas(16) std::array<int8_t, 16> byte_levels{};

 private:
  bool FillCells(int shift);
  void FillBytes();
};

}  // namespace hlwq::kernels
