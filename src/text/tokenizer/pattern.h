// What a Split or a Replace looks for: a string or a regular expression.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "base/function_ref.h"
#include "text/tokenizer/json_fields.h"
#include "text/tokenizer/regex.h"

namespace hlwq::text {

class Pattern {
 public:
  explicit Pattern(std::string literal) : what_(std::move(literal)) {}
  explicit Pattern(Regex regex) : what_(std::move(regex)) {}
  // The field "pattern": {"String": "..."} or {"Regex": "..."}.
  static Pattern FromJson(const JsonFields& fields);

  // The string to look for, null of a regular expression.
  const std::string* literal() const noexcept { return std::get_if<std::string>(&what_); }

  // All matches from left to right, none overlapping another. An empty one right behind another
  // match is none, and so is one of an empty string.
  void ForEachMatch(std::string_view text, MatchScratch& scratch,
                    FunctionRef<void(Range)> sink) const;

  // Appends `text` with all matches replaced. Throws Error{kInvalidData} when the result is beyond
  // all proportion to the text: replacements of replacements could grow without end.
  void AppendReplaced(std::string_view text, std::string_view content, MatchScratch& scratch,
                      std::string& out) const;

 private:
  std::variant<std::string, Regex> what_;
};

}  // namespace hlwq::text
