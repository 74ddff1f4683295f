// Rows of small floats with scales, as float32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "checkpoint/checkpoint.h"

namespace hlwq::checkpoint {

// Of one stored row of values, and of one row of scales.
uint64_t ScaledRowBytes(const ScaledStorage& storage) noexcept;
uint64_t ScaleRowBytes(const ScaledStorage& storage) noexcept;

// Fills `weights` with `rows` of a slice of the tensor: value * (scale * factor / divisor), each step
// rounded to float32. `values` and `scales` are what is stored for these rows: the rows of scales from that of
// rows.begin on; of a transposed tensor, all of the slice. `scales` is empty where there are none.
void DecodeScaledRows(const ScaledStorage& storage, RowRange rows,
                      std::span<const std::byte> values, std::span<const std::byte> scales,
                      std::span<float> weights);

}  // namespace hlwq::checkpoint
