// Tables for people: columns aligned, numbers to the right.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/terminal_text.h"

namespace hlwq {

class TextTable {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as columns; missing ones are empty. Control characters are made visible.
  void AddRow(std::vector<std::string> cells);
  // A line between what is above and below.
  void AddRule() { rows_.emplace_back(); }

  // Titles, a rule, the rows; two spaces between columns, no blanks at the end of a line. Where a
  // line is wider than the layout, the left-aligned columns are shortened, the widest first.
  std::string Render(const TextLayout& layout) const;

 private:
  std::vector<size_t> Widths(size_t max_width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;  // an empty one is a rule
};

// "name   value" lines with the values in one column. Control characters are made visible.
std::string RenderPairs(const std::vector<std::pair<std::string, std::string>>& pairs,
                        const TextLayout& layout);

}  // namespace hlwq
