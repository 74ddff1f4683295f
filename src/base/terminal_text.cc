#include "base/terminal_text.h"

#include <fmt/format.h>

#include "base/utf8.h"

namespace hlwq {

std::string Printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const Utf8Unit unit = FirstUtf8Unit(text);
    // C0, DEL and C1: U+009B begins sequences as ESC [ does.
    const bool is_control = unit.code < 0x20 || (unit.code >= 0x7F && unit.code <= 0x9F);
    if (unit.kind == Utf8Kind::kValid && is_control) {
      result += fmt::format("\\x{:02x}", static_cast<uint32_t>(unit.code));
    } else {
      result += text.substr(0, unit.size);
    }
    text.remove_prefix(unit.size);
  }
  return result;
}

size_t DisplayWidth(std::string_view text) noexcept { return CountCharacters(text); }

std::string Shorten(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return {};
  size_t end = 0;
  for (size_t columns = 0; end < text.size(); ++end) {
    if (BeginsCharacter(text[end]) && ++columns == width) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace hlwq
