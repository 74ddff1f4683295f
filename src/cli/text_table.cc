#include "cli/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace hlwq::cli {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kNarrowest = 12;  // of a column that is shortened

}  // namespace

void TextTable::AddRow(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) cell = Printable(cell);
  rows_.push_back(std::move(cells));
}

std::string TextTable::Render(const Style& style, size_t max_width) const {
  std::vector<size_t> widths;
  for (const Column& column : columns_) widths.push_back(DisplayWidth(column.title));
  for (const std::vector<std::string>& row : rows_) {
    for (size_t index = 0; index < row.size(); ++index) {
      widths[index] = std::max(widths[index], DisplayWidth(row[index]));
    }
  }
  if (widths.empty()) return {};
  const auto total = [&] {
    return std::accumulate(widths.begin(), widths.end(), size_t{0}) + kGap * (widths.size() - 1);
  };
  if (total() > max_width) {
    size_t* widest = nullptr;
    for (size_t index = 0; index < widths.size(); ++index) {
      const bool is_candidate = columns_[index].align == Align::kLeft;
      if (is_candidate && (widest == nullptr || widths[index] > *widest)) widest = &widths[index];
    }
    if (widest != nullptr) {
      const size_t excess = total() - max_width;
      const size_t floor = std::min(*widest, kNarrowest);
      *widest = *widest > excess + floor ? *widest - excess : floor;
    }
  }

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
  std::string rule;
  for (size_t column = 0; column < total(); ++column) rule += "─";
  std::string result;
  result += fmt::format("{}{}{}\n", style.bold, line([&](size_t i) { return columns_[i].title; }),
                        style.reset);
  result += fmt::format("{}{}{}\n", style.dim, rule, style.reset);
  for (const std::vector<std::string>& row : rows_) {
    if (row.empty()) {
      result += fmt::format("{}{}{}\n", style.dim, rule, style.reset);
    } else {
      result += line([&](size_t index) { return row[index]; }) + "\n";
    }
  }
  return result;
}

std::string RenderPairs(const std::vector<std::pair<std::string, std::string>>& pairs,
                        const Style& style) {
  size_t width = 0;
  for (const auto& [name, value] : pairs) width = std::max(width, DisplayWidth(name));
  std::string result;
  for (const auto& [name, value] : pairs) {
    result += fmt::format("{}{}{}{}{}\n", style.dim, name, style.reset,
                          std::string(width + kGap - DisplayWidth(name), ' '), Printable(value));
  }
  return result;
}

}  // namespace hlwq::cli
