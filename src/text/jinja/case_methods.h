// Methods of strings that test or change their characters, and filters that do the same.
#pragma once

#include <string>
#include <string_view>

#include "text/jinja/objects.h"

namespace hlwq::text::jinja {

// Null when there is none of that name.
MethodFunction FindCaseMethod(std::string_view name) noexcept;

// The first character in title case, the others in lower case.
std::string Capitalize(std::string_view text);
// Python's str.isupper and str.islower: at least one cased character, and none of the other case.
bool IsAllUpper(std::string_view text) noexcept;
bool IsAllLower(std::string_view text) noexcept;
// Filled with `fill` to `width` characters on both sides.
std::string Center(Heap& heap, std::string_view text, int64_t width, std::string_view fill = " ");

}  // namespace hlwq::text::jinja
