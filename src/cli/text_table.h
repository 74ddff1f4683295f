// Tables for people: columns aligned, numbers to the right.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.h"

namespace hlwq::cli {

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

  // Titles, a rule, the rows; two spaces between columns. A line wider than `max_width` is made to
  // fit by shortening the widest left-aligned column.
  std::string Render(const Style& style, size_t max_width) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;  // an empty one is a rule
};

// "name   value" lines with the values in one column.
std::string RenderPairs(const std::vector<std::pair<std::string, std::string>>& pairs,
                        const Style& style);

}  // namespace hlwq::cli
