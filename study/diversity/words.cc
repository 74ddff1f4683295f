#include "study/diversity/words.h"

#include <string>
#include <unordered_map>

#include "base/random.h"

namespace hlwq::study {
namespace {

constexpr std::string_view kWhiteSpace = " \t\n\v\f\r\x1c\x1d\x1e\x1f";

struct MixedHash {
  size_t operator()(uint64_t key) const noexcept { return MixBits(key); }
};

// Texts to n-grams that begin with the (n - 1)-grams of `shorter`.
Ngrams Lengthen(const Ngrams& shorter, std::span<const WordIds> texts, size_t n) {
  Ngrams longer;
  longer.of_text.resize(texts.size());
  std::unordered_map<uint64_t, uint32_t, MixedHash> ids;
  for (size_t text = 0; text < texts.size(); ++text) {
    const WordIds& words = texts[text];
    std::vector<uint32_t>& out = longer.of_text[text];
    if (words.size() < n) continue;
    out.reserve(words.size() - n + 1);
    for (size_t begin = 0; begin + n <= words.size(); ++begin) {
      const uint64_t key =
          static_cast<uint64_t>(shorter.of_text[text][begin]) << 32 | words[begin + n - 1];
      out.push_back(ids.try_emplace(key, static_cast<uint32_t>(ids.size())).first->second);
    }
    longer.total += out.size();
  }
  longer.different = static_cast<uint32_t>(ids.size());
  return longer;
}

}  // namespace

std::vector<std::string_view> SplitWords(std::string_view text) {
  std::vector<std::string_view> words;
  size_t begin = text.find_first_not_of(kWhiteSpace);
  while (begin != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(kWhiteSpace, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kWhiteSpace, end);
  }
  return words;
}

std::vector<WordIds> NumberWords(std::span<const std::string_view> texts) {
  std::unordered_map<std::string_view, uint32_t> ids;
  std::vector<WordIds> numbered;
  numbered.reserve(texts.size());
  for (const std::string_view text : texts) {
    WordIds& words = numbered.emplace_back();
    for (const std::string_view word : SplitWords(text)) {
      words.push_back(ids.try_emplace(word, static_cast<uint32_t>(ids.size())).first->second);
    }
  }
  return numbered;
}

std::vector<Ngrams> NumberNgrams(std::span<const WordIds> texts, size_t most_n) {
  std::vector<Ngrams> all;
  for (size_t n = 1; n <= most_n; ++n) {
    if (n > 1) {
      all.push_back(Lengthen(all.back(), texts, n));
      continue;
    }
    Ngrams& words = all.emplace_back();
    words.of_text.assign(texts.begin(), texts.end());
    for (const WordIds& text : texts) {
      words.total += text.size();
      for (const uint32_t word : text) words.different = std::max(words.different, word + 1);
    }
  }
  return all;
}

}  // namespace hlwq::study
