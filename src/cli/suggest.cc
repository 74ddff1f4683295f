#include "cli/suggest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace hlwq::cli {

size_t EditDistance(std::string_view a, std::string_view b) {
  // Three rows of the dynamic programme: two back for swaps, one back, current.
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> previous(b.size() + 1);
  std::vector<size_t> current(b.size() + 1);
  std::iota(previous.begin(), previous.end(), size_t{0});
  for (size_t row = 1; row <= a.size(); ++row) {
    current[0] = row;
    for (size_t column = 1; column <= b.size(); ++column) {
      const bool is_same = a[row - 1] == b[column - 1];
      current[column] = std::min({previous[column] + 1, current[column - 1] + 1,
                                  previous[column - 1] + (is_same ? 0 : 1)});
      if (row > 1 && column > 1 && a[row - 1] == b[column - 2] && a[row - 2] == b[column - 1]) {
        current[column] = std::min(current[column], before[column - 2] + 1);
      }
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

std::string_view NearestWord(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr size_t kLongestWord = 64;  // nothing in the tables is longer
  if (word.empty() || word.size() > kLongestWord) return {};
  std::string_view nearest;
  size_t best = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const bool is_prefix = word.size() >= 2 && candidate.starts_with(word);
    const size_t distance = is_prefix ? 1 : EditDistance(word, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace hlwq::cli
