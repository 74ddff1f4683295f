// Byte pair encoding: the model of nearly every decoder in use.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer/merges.h"
#include "text/tokenizer/vocabulary.h"
#include "text/tokenizer/word_cache.h"

namespace hlwq::text {

struct BpeOptions {
  std::optional<std::string> unk_token;  // for a character that is not in the vocabulary
  bool fuse_unk = false;                 // a row of them is one
  bool byte_fallback = false;            // its bytes, as "<0x41>", come first
  bool ignore_merges = false;            // a piece that is a token is that token
};

// What encoding works in. One thread at a time.
struct BpeScratch {
  struct Symbol {
    TokenId id;
    uint32_t previous;
    uint32_t next;
    Merge merge;  // with the next
  };
  std::vector<TokenId> ids;
  std::vector<Symbol> symbols;
  std::vector<uint64_t> queue;
  std::string characters;
  std::optional<WordCache> cache;  // worth its memory from a few kilobytes of text on
};

// Immutable once made. Thread: safe, each with its own scratch.
class BpeModel {
 public:
  // `takes_bytes`: pieces are plain text of which each byte is a unit, with the name that the
  // GPT-2 alphabet gives it; else each character is one. Throws Error{kInvalidData} when merges are
  // not in the vocabulary.
  BpeModel(Vocabulary vocabulary, std::span<const MergeText> merges, BpeOptions options,
           bool takes_bytes);

  const Vocabulary& vocabulary() const noexcept { return vocabulary_; }

  // Appends the ids of a piece. Characters without token, fallback and unknown token are left out.
  // Throws Error{kInvalidData} when an unknown token is needed that is not in the vocabulary.
  // Cost: n log n in the bytes of the longest word. REQUIRES: a piece below 4 GiB; ids are only
  // ever appended to `ids` while one scratch with a cache is used.
  void Encode(std::string_view piece, std::vector<TokenId>& ids, BpeScratch& scratch) const;

 private:
  void EncodeWord(std::string_view word, std::vector<TokenId>& ids, BpeScratch& scratch) const;
  void AppendUnits(std::string_view word, std::vector<TokenId>& units) const;
  bool AppendFallback(std::string_view character, std::vector<TokenId>& units) const;
  size_t MergeFew(std::span<TokenId> units) const;
  void MergeMany(std::span<const TokenId> units, std::vector<TokenId>& ids,
                 BpeScratch& scratch) const;

  Vocabulary vocabulary_;
  MergeTable merges_;
  BpeOptions options_;
  bool takes_bytes_;
  bool splits_at_space_ = false;
  TokenId unknown_ = kNoToken;
  std::array<TokenId, 256> unit_ids_{};      // of bytes, or of ASCII characters
  std::array<TokenId, 256> fallback_ids_{};  // of "<0x00>" to "<0xFF>"
};

}  // namespace hlwq::text
