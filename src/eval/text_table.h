// Plain-text tables for terminals.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hlwq::eval {

// Columns as wide as their widest cell, two spaces between them, no trailing spaces.
class TextTable {
 public:
  enum class Align { kLeft, kRight };

  explicit TextTable(std::vector<Align> columns) : columns_(std::move(columns)) {}

  // As many cells as columns, UTF-8. The first row is the head: a rule follows it.
  void AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  std::string ToString() const;

 private:
  std::vector<Align> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// `text` with control characters as '?', so that a name from a file cannot steer a terminal.
std::string PrintableText(std::string_view text);

}  // namespace hlwq::eval
