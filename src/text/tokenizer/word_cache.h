// Words that were encoded before in the same text.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace hlwq::text {

// Natural text repeats its words. Each place of the table holds the last short word that fell on it
// and where in the output its ids are, which must stay there while the cache is used.
class WordCache {
 public:
  static constexpr size_t kMaxWordBytes = 23;

  // `places` is a power of two.
  explicit WordCache(size_t places) : entries_(places) {}

  struct Entry {
    std::array<char, kMaxWordBytes> word{};
    uint8_t size = 0;
    uint32_t begin = 0;  // of the ids in the output
    uint32_t count = 0;  // 0: nothing is known

    bool Holds(std::string_view text) const noexcept {
      return count != 0 && size == text.size() && std::memcmp(word.data(), text.data(), size) == 0;
    }
    void Set(std::string_view text, size_t first_id, size_t ids) noexcept {
      std::memcpy(word.data(), text.data(), text.size());
      size = static_cast<uint8_t>(text.size());
      begin = static_cast<uint32_t>(first_id);
      count = static_cast<uint32_t>(ids);
    }
  };

  // The place of a word of at most kMaxWordBytes.
  Entry& PlaceOf(std::string_view word) noexcept;

 private:
  std::vector<Entry> entries_;
};

}  // namespace hlwq::text
