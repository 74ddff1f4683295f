// The vocabulary in GGUF metadata: texts, types and scores of the tokens, and the merges.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "io/gguf_value.h"

namespace hlwq::checkpoint {

// Numbers are those of `tokenizer.ggml.token_type`.
enum class TokenType : uint8_t {
  kUndefined = 0,
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6,
};

struct VocabularyToken {
  std::string text;
  TokenType type = TokenType::kNormal;
  double score = 0;
};

using Merge = std::pair<std::string, std::string>;

class GgufVocabulary {
 public:
  // Throws Error{kInvalidData} for missing or contradicting arrays, and for a text that occurs twice.
  // `max_tokens`: rows of the embedding.
  GgufVocabulary(const io::GgufMetadata& metadata, uint64_t max_tokens);

  // The same of tokens at hand.
  explicit GgufVocabulary(std::vector<VocabularyToken> tokens);

  const std::vector<VocabularyToken>& tokens() const noexcept { return tokens_; }  // by id
  bool Contains(std::string_view text) const { return ids_.find(text) != ids_.end(); }
  // True for the tokens that a converter adds to reach the rows of the embedding ("[PAD151700]"):
  // the original tokenizer has no token there.
  bool IsFiller(uint64_t id) const;
  bool HasByteTokens() const;

 private:
  friend std::vector<Merge> MergesFromScores(const GgufVocabulary& vocabulary);

  void Index();

  std::vector<VocabularyToken> tokens_;
  std::unordered_map<std::string_view, uint64_t> ids_;  // borrows the texts of tokens_
};

// `tokenizer.ggml.merges`, best first. Throws Error{kInvalidData} for a merge whose parts or result
// are not tokens.
std::vector<Merge> ReadMerges(const io::GgufMetadata& metadata, const GgufVocabulary& vocabulary);

// The merges a SentencePiece BPE model implies: every split of a normal token into two normal
// tokens, ranked by the token's score, then by the length of the left part, then of the right (all
// descending), as transformers' converter ranks them. Cost: linear in the number of pairs (token,
// prefix of it that is a token).
std::vector<Merge> MergesFromScores(const GgufVocabulary& vocabulary);

// Scores of the normal tokens from which MergesFromScores makes these merges: the earlier a token is
// merged, the higher. Throws Error{kUnsupported} when no scores do: a merge that is not there, or
// tokens whose merges are not ranked together, mean that SentencePiece BPE would merge otherwise.
void SetScores(std::vector<VocabularyToken>& tokens, const std::vector<Merge>& merges);

}  // namespace hlwq::checkpoint
