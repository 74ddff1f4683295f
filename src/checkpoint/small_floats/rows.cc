#include "checkpoint/small_floats/rows.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "tensor/float16.h"
#include "tensor/small_float.h"

namespace hlwq::checkpoint {
namespace {

uint64_t ScaleColumns(const ScaledStorage& storage) noexcept {
  return (storage.matrix.in + storage.scale_columns - 1) / storage.scale_columns;
}

float ScaleAt(DType type, std::span<const std::byte> scales, uint64_t index) {
  const std::byte* at = scales.data() + index * BitsPerElement(type) / 8;
  if (type == DType::kF32) {
    float scale;
    std::memcpy(&scale, at, sizeof scale);
    return scale;
  }
  if (type == DType::kF16 || type == DType::kBF16) {
    uint16_t half;
    std::memcpy(&half, at, sizeof half);
    return type == DType::kF16 ? F16ToF32(half) : BF16ToF32(half);
  }
  return SmallFloatValues(type)[std::to_integer<size_t>(*at)];
}

}  // namespace

uint64_t ScaledRowBytes(const ScaledStorage& storage) noexcept {
  return storage.matrix.in * BitsPerElement(storage.type) / 8;
}

uint64_t ScaleRowBytes(const ScaledStorage& storage) noexcept {
  if (storage.scales.bytes == 0) return 0;
  return ScaleColumns(storage) * BitsPerElement(storage.scale_type) / 8;
}

void DecodeScaledRows(const ScaledStorage& storage, RowRange rows,
                      std::span<const std::byte> values, std::span<const std::byte> scales,
                      std::span<float> weights) {
  const std::span<const float> table = SmallFloatValues(storage.type);
  const bool is_nibbles = storage.type == DType::kF4;
  const uint64_t row_bytes = ScaledRowBytes(storage);
  const uint64_t scale_columns = ScaleColumns(storage);
  // Rows and columns of what is stored, and where a weight goes.
  const RowRange stored_rows = storage.is_transposed ? RowRange{0, storage.matrix.out} : rows;
  const RowRange columns = storage.is_transposed ? rows : RowRange{0, storage.matrix.in};
  const uint64_t row_step = storage.is_transposed ? 1 : storage.matrix.in;
  const uint64_t column_step = storage.is_transposed ? storage.matrix.out : 1;
  const uint64_t first_scale_row = stored_rows.begin / storage.scale_rows;
  for (uint64_t row = stored_rows.begin; row < stored_rows.end; ++row) {
    const std::byte* from = values.data() + (row - stored_rows.begin) * row_bytes;
    const uint64_t scale_row = (row / storage.scale_rows - first_scale_row) * scale_columns;
    float* to = weights.data() + (row - stored_rows.begin) * row_step;
    for (uint64_t column = columns.begin; column < columns.end;) {
      const uint64_t block = column / storage.scale_columns;
      const uint64_t end = std::min(columns.end, (block + 1) * storage.scale_columns);
      float scale = scales.empty() ? 1.0f : ScaleAt(storage.scale_type, scales, scale_row + block);
      scale = scale * storage.factor / storage.divisor;
      for (; column < end; ++column, to += column_step) {
        const auto byte = std::to_integer<unsigned>(from[is_nibbles ? column / 2 : column]);
        const unsigned code = is_nibbles ? byte >> (column % 2 * 4) & 15 : byte;
        *to = table[code] * scale;
      }
    }
  }
}

}  // namespace hlwq::checkpoint
