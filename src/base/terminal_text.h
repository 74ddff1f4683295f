// Text fitted to what shows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hlwq {

// Escape sequences, or nothing where they are not welcome.
struct TextStyle {
  std::string_view bold, dim, red, green, yellow, cyan, reset;
};

// How wide a text may be and how it may look. As it is, it suits files and pipes: nothing is
// shortened, nothing is coloured.
struct TextLayout {
  size_t width = SIZE_MAX;  // columns
  TextStyle style = {};
};

// `text` with control characters shown as \xNN: names from files must not drive the terminal.
std::string Printable(std::string_view text);

// Columns that UTF-8 text takes, one for each code point.
size_t DisplayWidth(std::string_view text) noexcept;

// The first `width` columns of `text`, or its beginning and "…" where it is wider.
std::string Shorten(std::string_view text, size_t width);

}  // namespace hlwq
