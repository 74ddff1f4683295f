#include "base/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace hlwq {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kNarrowest = 12;  // of a column that is shortened

size_t LineWidth(const std::vector<size_t>& widths) {
  if (widths.empty()) return 0;
  return std::accumulate(widths.begin(), widths.end(), size_t{0}) + kGap * (widths.size() - 1);
}

}  // namespace

void TextTable::AddRow(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) cell = Printable(cell);
  rows_.push_back(std::move(cells));
}

std::vector<size_t> TextTable::Widths(size_t max_width) const {
  std::vector<size_t> widths;
  std::vector<size_t> words;  // the columns that may be shortened
  for (const Column& column : columns_) {
    if (column.align == Align::kLeft) words.push_back(widths.size());
    widths.push_back(DisplayWidth(column.title));
  }
  for (const std::vector<std::string>& row : rows_) {
    for (size_t index = 0; index < row.size(); ++index) {
      widths[index] = std::max(widths[index], DisplayWidth(row[index]));
    }
  }
  std::ranges::stable_sort(words, std::ranges::greater(),
                           [&](size_t index) { return widths[index]; });
  for (const size_t index : words) {
    const size_t total = LineWidth(widths);
    if (total <= max_width) break;
    const size_t excess = total - max_width;
    const size_t floor = std::min(widths[index], kNarrowest);
    widths[index] = widths[index] > excess + floor ? widths[index] - excess : floor;
  }
  return widths;
}

std::string TextTable::Render(const TextLayout& layout) const {
  if (columns_.empty()) return {};
  const TextStyle& style = layout.style;
  const std::vector<size_t> widths = Widths(layout.width);
  const auto line = [&](const auto& cell_of) {
    std::string text;
    for (size_t index = 0; index < widths.size(); ++index) {
      const std::string cell = Shorten(cell_of(index), widths[index]);
      const std::string padding(widths[index] - DisplayWidth(cell), ' ');
      if (index > 0) text += std::string(kGap, ' ');
      text += columns_[index].align == Align::kRight ? padding + cell : cell + padding;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  };
  std::string rule(style.dim);
  for (size_t column = 0; column < LineWidth(widths); ++column) rule += "─";
  rule += style.reset;
  rule += '\n';
  std::string result =
      fmt::format("{}{}{}\n", style.bold, line([&](size_t index) { return columns_[index].title; }),
                  style.reset);
  result += rule;
  for (const std::vector<std::string>& row : rows_) {
    result += row.empty() ? rule : line([&](size_t index) { return row[index]; }) + "\n";
  }
  return result;
}

std::string RenderPairs(const std::vector<std::pair<std::string, std::string>>& pairs,
                        const TextLayout& layout) {
  size_t width = 0;
  for (const auto& [name, value] : pairs) {
    width = std::max(width, DisplayWidth(Printable(name)));
  }
  std::string result;
  for (const auto& [name, value] : pairs) {
    const std::string shown = Printable(name);
    result += fmt::format("{}{}{}{}{}\n", layout.style.dim, shown, layout.style.reset,
                          std::string(width + kGap - DisplayWidth(shown), ' '), Printable(value));
  }
  return result;
}

}  // namespace hlwq
