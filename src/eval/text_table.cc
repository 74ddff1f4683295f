#include "eval/text_table.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace hlwq::eval {
namespace {

// Columns on a terminal, near enough: code points.
size_t Width(const std::string& text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::string TextTable::ToString() const {
  std::vector<size_t> widths(columns_.size(), 0);
  for (const auto& row : rows_) {
    for (size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], Width(row[column]));
    }
  }
  std::string out;
  for (size_t index = 0; index < rows_.size(); ++index) {
    std::string line;
    for (size_t column = 0; column < rows_[index].size(); ++column) {
      const std::string& cell = rows_[index][column];
      const std::string padding(widths[column] - Width(cell), ' ');
      if (column > 0) line += "  ";
      line += columns_[column] == Align::kLeft ? cell + padding : padding + cell;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
    if (index == 0) {
      size_t rule = columns_.empty() ? 0 : 2 * (columns_.size() - 1);
      for (const size_t width : widths) rule += width;
      out += std::string(rule, '-') + '\n';
    }
  }
  return out;
}

std::string PrintableText(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return out;
}

}  // namespace hlwq::eval
