// "Did you mean": the known word nearest to one that was mistyped.
#pragma once

#include <span>
#include <string_view>

namespace hlwq::cli {

// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal
// string alignment). Cost: a.size() * b.size().
size_t EditDistance(std::string_view a, std::string_view b);

// The candidate nearest to `word`, or empty when none is near: at most one edit for every three
// letters, or a candidate that `word` is the beginning of.
std::string_view NearestWord(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace hlwq::cli
