#include "text/tokenizer/bpe.h"

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "base/utf8.h"
#include "text/tokenizer/byte_alphabet.h"
#include "text/tokenizer/quoted.h"

namespace hlwq::text {
namespace {

constexpr std::string_view kSpaceCharacter = "\xE2\x96\x81";  // U+2581, SentencePiece's space
// Up to so many units it is quickest to look for the lowest rank anew each time.
constexpr size_t kFewUnits = 48;

std::string FallbackToken(unsigned byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  return std::string("<0x") + kDigits[byte >> 4] + kDigits[byte & 15] + ">";
}

// Whether no merge joins a U+2581 to another character before it.
bool NeverCrossesSpace(std::span<const MergeText> merges) {
  return std::ranges::none_of(merges, [](const MergeText& merge) {
    return merge.right.starts_with(kSpaceCharacter) && !merge.left.ends_with(kSpaceCharacter);
  });
}

}  // namespace

BpeModel::BpeModel(Vocabulary vocabulary, std::span<const MergeText> merges, BpeOptions options,
                   bool takes_bytes)
    : vocabulary_(std::move(vocabulary)),
      merges_(merges, vocabulary_),
      options_(std::move(options)),
      takes_bytes_(takes_bytes) {
  if (options_.unk_token) unknown_ = vocabulary_.Find(*options_.unk_token);
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char character = static_cast<char>(byte);
    unit_ids_[byte] = takes_bytes_  ? vocabulary_.Find(ByteCharacter(static_cast<uint8_t>(byte)))
                      : byte < 0x80 ? vocabulary_.Find({&character, 1})
                                    : kNoToken;
    fallback_ids_[byte] = options_.byte_fallback ? vocabulary_.Find(FallbackToken(byte)) : kNoToken;
  }
  // SentencePiece's models see a whole text as one piece. Where no merge crosses the beginning of
  // a word, word by word gives the same ids, and words repeat.
  splits_at_space_ =
      !takes_bytes_ && vocabulary_.Find(kSpaceCharacter) != kNoToken && NeverCrossesSpace(merges);
}

void BpeModel::Encode(std::string_view piece, std::vector<TokenId>& ids,
                      BpeScratch& scratch) const {
  if (options_.ignore_merges) {
    std::string_view token = piece;
    if (takes_bytes_) {
      scratch.characters.clear();
      AppendByteCharacters(piece, scratch.characters);
      token = scratch.characters;
    }
    const TokenId id = vocabulary_.Find(token);
    if (id != kNoToken) {
      ids.push_back(id);
      return;
    }
  }
  while (splits_at_space_) {
    size_t cut = 0;
    while (piece.substr(cut).starts_with(kSpaceCharacter)) cut += kSpaceCharacter.size();
    cut = piece.find(kSpaceCharacter, cut);
    if (cut == piece.npos) break;
    EncodeWord(piece.substr(0, cut), ids, scratch);
    piece.remove_prefix(cut);
  }
  EncodeWord(piece, ids, scratch);
}

void BpeModel::EncodeWord(std::string_view word, std::vector<TokenId>& ids,
                          BpeScratch& scratch) const {
  WordCache::Entry* entry = nullptr;
  if (scratch.cache && word.size() <= WordCache::kMaxWordBytes) {
    entry = &scratch.cache->PlaceOf(word);
    if (entry->Holds(word)) {
      const size_t before = ids.size();
      ids.resize(before + entry->count);
      std::copy_n(ids.begin() + entry->begin, entry->count,
                  ids.begin() + static_cast<std::ptrdiff_t>(before));
      return;
    }
  }
  const size_t before = ids.size();
  scratch.ids.clear();
  AppendUnits(word, scratch.ids);
  if (scratch.ids.size() <= kFewUnits) {
    const size_t left = MergeFew(scratch.ids);
    ids.insert(ids.end(), scratch.ids.begin(),
               scratch.ids.begin() + static_cast<std::ptrdiff_t>(left));
  } else {
    MergeMany(scratch.ids, ids, scratch);
  }
  if (entry != nullptr) entry->Set(word, before, ids.size() - before);
}

void BpeModel::AppendUnits(std::string_view word, std::vector<TokenId>& units) const {
  bool has_unknown = false;  // one is to be appended
  const auto flush = [&] {
    if (has_unknown) units.push_back(unknown_);
    has_unknown = false;
  };
  for (size_t at = 0; at < word.size();) {
    const auto byte = static_cast<uint8_t>(word[at]);
    const size_t size = takes_bytes_ ? 1 : CharacterSize(word[at]);
    const std::string_view character = word.substr(at, size);
    at += size;
    const TokenId id = size == 1 ? unit_ids_[byte] : vocabulary_.Find(character);
    if (id != kNoToken) {
      flush();
      units.push_back(id);
      continue;
    }
    // An unknown token waits for the next known one, also across a fallback, as in the library
    // that these files are made with.
    if (AppendFallback(takes_bytes_ ? ByteCharacter(byte) : character, units)) continue;
    if (!options_.unk_token) continue;
    // Byte-level files name one that is nowhere, and never need it.
    if (unknown_ == kNoToken) {
      throw Error(ErrorCode::kInvalidData, "model: 'unk_token' " + Quoted(*options_.unk_token) +
                                               " is needed and not in the vocabulary");
    }
    if (!options_.fuse_unk) flush();
    has_unknown = true;
  }
  flush();
}

bool BpeModel::AppendFallback(std::string_view character, std::vector<TokenId>& units) const {
  const auto id_of = [&](char byte) { return fallback_ids_[static_cast<uint8_t>(byte)]; };
  for (const char byte : character) {
    if (id_of(byte) == kNoToken) return false;
  }
  for (const char byte : character) units.push_back(id_of(byte));
  return true;
}

// Merges in place; returns how many units are left.
size_t BpeModel::MergeFew(std::span<TokenId> units) const {
  size_t count = units.size();
  if (count < 2) return count;
  std::array<uint32_t, kFewUnits> ranks;  // of the merge of each unit with the next
  std::array<TokenId, kFewUnits> results;
  const auto look_up = [&](size_t at) {
    const Merge merge = merges_.Find(units[at], units[at + 1]);
    ranks[at] = merge.rank;
    results[at] = merge.id;
  };
  for (size_t at = 0; at + 1 < count; ++at) look_up(at);
  while (count > 1) {
    const size_t best = static_cast<size_t>(
        std::min_element(ranks.begin(), ranks.begin() + (count - 1)) - ranks.begin());
    if (ranks[best] == kNoRank) break;
    units[best] = results[best];
    for (size_t at = best + 1; at + 1 < count; ++at) {
      units[at] = units[at + 1];
      ranks[at] = ranks[at + 1];
      results[at] = results[at + 1];
    }
    --count;
    if (best > 0) look_up(best - 1);
    if (best + 1 < count) look_up(best);
  }
  return count;
}

// The same with a queue of all possible merges, for words of any length.
void BpeModel::MergeMany(std::span<const TokenId> units, std::vector<TokenId>& ids,
                         BpeScratch& scratch) const {
  using Symbol = BpeScratch::Symbol;
  constexpr uint32_t kEnd = UINT32_MAX;
  std::vector<Symbol>& symbols = scratch.symbols;
  std::vector<uint64_t>& queue = scratch.queue;
  const auto count = static_cast<uint32_t>(units.size());
  symbols.resize(count);
  queue.clear();
  // Lowest rank first, then leftmost. An entry whose symbol has another rank by now is stale.
  const auto look_up = [&](uint32_t at) {
    Symbol& symbol = symbols[at];
    symbol.merge = symbol.next == kEnd ? Merge{} : merges_.Find(symbol.id, symbols[symbol.next].id);
    if (symbol.merge.rank == kNoRank) return false;
    queue.push_back((uint64_t{symbol.merge.rank} << 32) | at);
    return true;
  };
  for (uint32_t at = 0; at < count; ++at) {
    symbols[at] = {units[at], at == 0 ? kEnd : at - 1, at + 1 == count ? kEnd : at + 1, {}};
  }
  for (uint32_t at = 0; at < count; ++at) look_up(at);
  std::ranges::make_heap(queue, std::greater{});
  while (!queue.empty()) {
    std::ranges::pop_heap(queue, std::greater{});
    const uint64_t entry = queue.back();
    queue.pop_back();
    const auto at = static_cast<uint32_t>(entry);
    Symbol& symbol = symbols[at];
    if (symbol.merge.rank != entry >> 32) continue;
    Symbol& gone = symbols[symbol.next];
    gone.merge = {};
    symbol.id = symbol.merge.id;
    symbol.next = gone.next;
    if (symbol.next != kEnd) symbols[symbol.next].previous = at;
    if (look_up(at)) std::ranges::push_heap(queue, std::greater{});
    if (symbol.previous != kEnd && look_up(symbol.previous)) {
      std::ranges::push_heap(queue, std::greater{});
    }
  }
  for (uint32_t at = 0; at != kEnd; at = symbols[at].next) ids.push_back(symbols[at].id);
}

}  // namespace hlwq::text
