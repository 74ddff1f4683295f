#include "text/tokenizer/word_cache.h"

#include "text/tokenizer/vocabulary.h"

namespace hlwq::text {

WordCache::Entry& WordCache::PlaceOf(std::string_view word) noexcept {
  return entries_[Vocabulary::Hash(word) & (entries_.size() - 1)];
}

}  // namespace hlwq::text
