// A check of weights that were rounded to half precision.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hlwq::convert {

// Throws Error{kNonFinite} ("row R, column C: beyond F16; <advice>", R counted from `first_row`) when
// a half of `rows` [.., columns] is infinite: a weight that would silently become so is an error.
void RequireF16Range(std::span<const std::byte> rows, uint64_t columns, uint64_t first_row,
                     std::string_view advice);

}  // namespace hlwq::convert
