// Texts as words, and their n-grams as numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace hlwq::study {

// A word is a longest run of bytes other than ASCII white space, as Python's str.split() has it; case
// and punctuation are kept. The parts of `text`, in order.
std::vector<std::string_view> SplitWords(std::string_view text);

// A text as ids of its words.
using WordIds = std::vector<uint32_t>;
// Equal words have equal ids, over all texts; ids count up from 0 in order of appearance.
std::vector<WordIds> NumberWords(std::span<const std::string_view> texts);

// All n-grams of one n of a set of texts. Text t of w words has max(w - n + 1, 0) of them, in order.
struct Ngrams {
  std::vector<std::vector<uint32_t>> of_text;  // [text][position]: ids, equal for equal n-grams
  uint32_t different = 0;                      // one more than the largest id
  uint64_t total = 0;                          // n-grams of all texts
};
// For n = 1 .. most_n. Cost: linear in the words; about 16 bytes for each different n-gram on the way.
std::vector<Ngrams> NumberNgrams(std::span<const WordIds> texts, size_t most_n);

}  // namespace hlwq::study
