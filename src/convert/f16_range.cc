#include "convert/f16_range.h"

#include <fmt/format.h>

#include <cstring>

#include "base/error.h"

namespace hlwq::convert {

void RequireF16Range(std::span<const std::byte> rows, uint64_t columns, uint64_t first_row,
                     std::string_view advice) {
  for (size_t offset = 0; offset < rows.size(); offset += sizeof(uint16_t)) {
    uint16_t half;
    std::memcpy(&half, rows.data() + offset, sizeof(half));
    if ((half & 0x7FFF) != 0x7C00) continue;
    const uint64_t index = offset / sizeof(half);
    throw Error(ErrorCode::kNonFinite,
                fmt::format("row {}, column {}: beyond F16; {}", first_row + index / columns,
                            index % columns, advice));
  }
}

}  // namespace hlwq::convert
