#include "checkpoint/gguf/vocabulary.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/utf8.h"

namespace hlwq::checkpoint {
namespace {

constexpr std::string_view kTokensKey = "tokenizer.ggml.tokens";
constexpr std::string_view kTypesKey = "tokenizer.ggml.token_type";
constexpr std::string_view kScoresKey = "tokenizer.ggml.scores";
constexpr std::string_view kMergesKey = "tokenizer.ggml.merges";

template <typename T>
void CheckLength(std::string_view key, const std::vector<T>& values, size_t tokens) {
  if (values.size() != tokens) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("metadata '{}': want {} values, got {}", key, tokens, values.size()));
  }
}

}  // namespace

GgufVocabulary::GgufVocabulary(const io::GgufMetadata& metadata, uint64_t max_tokens) {
  const std::vector<std::string>* texts = metadata.Strings(kTokensKey);
  if (texts == nullptr) {
    throw Error(ErrorCode::kInvalidData, fmt::format("metadata '{}' is missing", kTokensKey));
  }
  if (texts->size() > max_tokens) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("metadata '{}': {} tokens for an embedding of {} rows", kTokensKey,
                            texts->size(), max_tokens));
  }
  const std::optional<std::vector<int64_t>> types = metadata.Integers(kTypesKey);
  const std::optional<std::vector<double>> scores = metadata.Numbers(kScoresKey);
  if (types) CheckLength(kTypesKey, *types, texts->size());
  if (scores) CheckLength(kScoresKey, *scores, texts->size());

  tokens_.resize(texts->size());
  for (size_t id = 0; id < tokens_.size(); ++id) {
    VocabularyToken& token = tokens_[id];
    // An empty text has no place in a tokenizer; llama.cpp gives it this name.
    token.text = (*texts)[id].empty() ? fmt::format("[EMPTY_{}]", id) : (*texts)[id];
    const int64_t type = types ? (*types)[id] : static_cast<int64_t>(TokenType::kNormal);
    if (type < 0 || type > static_cast<int64_t>(TokenType::kByte)) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("metadata '{}': unknown type {} of token {}", kTypesKey, type, id));
    }
    token.type = static_cast<TokenType>(type);
    token.score = scores ? (*scores)[id] : 0;
    if (!std::isfinite(token.score)) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("metadata '{}': token {} has no finite score", kScoresKey, id));
    }
  }
  Index();
}

GgufVocabulary::GgufVocabulary(std::vector<VocabularyToken> tokens) : tokens_(std::move(tokens)) {
  Index();
}

void GgufVocabulary::Index() {
  ids_.reserve(tokens_.size());
  for (size_t id = 0; id < tokens_.size(); ++id) {
    const auto [earlier, is_new] = ids_.emplace(tokens_[id].text, id);
    if (!is_new) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("metadata '{}': tokens {} and {} are the same", kTokensKey,
                              earlier->second, id));
    }
  }
}

bool GgufVocabulary::IsFiller(uint64_t id) const {
  return tokens_[id].type == TokenType::kUnused && tokens_[id].text == fmt::format("[PAD{}]", id);
}

bool GgufVocabulary::HasByteTokens() const {
  return std::any_of(tokens_.begin(), tokens_.end(),
                     [](const auto& token) { return token.type == TokenType::kByte; });
}

std::vector<Merge> ReadMerges(const io::GgufMetadata& metadata, const GgufVocabulary& vocabulary) {
  const std::vector<std::string>* lines = metadata.Strings(kMergesKey);
  if (lines == nullptr) {
    throw Error(ErrorCode::kInvalidData, fmt::format("metadata '{}' is missing", kMergesKey));
  }
  std::vector<Merge> merges;
  merges.reserve(lines->size());
  std::set<std::string_view> seen;
  for (const std::string& line : *lines) {
    if (!seen.insert(line).second) continue;  // the first, best rank counts
    // The byte alphabet has no space, but a part may begin with one in other alphabets.
    const size_t space = line.find(' ', 1);
    Merge merge;
    if (space != std::string::npos) merge = {line.substr(0, space), line.substr(space + 1)};
    if (!vocabulary.Contains(merge.first) || !vocabulary.Contains(merge.second) ||
        !vocabulary.Contains(merge.first + merge.second)) {
      throw Error(
          ErrorCode::kInvalidData,
          fmt::format("metadata '{}': '{}' does not join two tokens to a third", kMergesKey, line));
    }
    merges.push_back(std::move(merge));
  }
  return merges;
}

std::vector<Merge> MergesFromScores(const GgufVocabulary& vocabulary) {
  const std::vector<VocabularyToken>& tokens = vocabulary.tokens_;
  // Sorted by text, the normal tokens that are prefixes of a token are among its predecessors, and
  // `longest_prefix` chains them: each to the longest normal token that it properly begins with.
  std::vector<uint64_t> by_text;
  for (uint64_t id = 0; id < tokens.size(); ++id) {
    if (tokens[id].type == TokenType::kNormal) by_text.push_back(id);
  }
  std::sort(by_text.begin(), by_text.end(),
            [&](uint64_t a, uint64_t b) { return tokens[a].text < tokens[b].text; });

  struct Split {
    double score;
    size_t left_length, right_length;  // in characters
    uint64_t left, right;
  };
  std::vector<Split> splits;
  std::vector<uint64_t> prefixes;  // of the token at hand, each a prefix of the next
  for (const uint64_t id : by_text) {
    const std::string_view text = tokens[id].text;
    while (!prefixes.empty() && !text.starts_with(tokens[prefixes.back()].text))
      prefixes.pop_back();
    for (const uint64_t left : prefixes) {
      const std::string_view rest = text.substr(tokens[left].text.size());
      const auto right = vocabulary.ids_.find(rest);
      if (right == vocabulary.ids_.end() || tokens[right->second].type != TokenType::kNormal)
        continue;
      splits.push_back({tokens[id].score, CountCharacters(tokens[left].text), CountCharacters(rest),
                        left, right->second});
    }
    prefixes.push_back(id);
  }
  std::sort(splits.begin(), splits.end(), [](const Split& a, const Split& b) {
    return std::tie(b.score, b.left_length, b.right_length, a.left, a.right) <
           std::tie(a.score, a.left_length, a.right_length, b.left, b.right);
  });
  std::vector<Merge> merges;
  merges.reserve(splits.size());
  for (const Split& split : splits) {
    merges.emplace_back(tokens[split.left].text, tokens[split.right].text);
  }
  return merges;
}

void SetScores(std::vector<VocabularyToken>& tokens, const std::vector<Merge>& merges) {
  // Tokens that nothing is merged to come last; their scores do not matter.
  std::unordered_map<std::string, size_t> rank_of;
  for (const Merge& merge : merges) rank_of.emplace(merge.first + merge.second, rank_of.size());
  size_t next = rank_of.size();
  for (VocabularyToken& token : tokens) {
    if (token.type != TokenType::kNormal) continue;
    const auto found = rank_of.find(token.text);
    token.score = -static_cast<double>(found == rank_of.end() ? next++ : found->second);
  }
  // The splits of one token may be ranked in any order: they make the same token.
  std::vector<Merge> given = merges;
  std::vector<Merge> implied = MergesFromScores(GgufVocabulary(tokens));
  for (std::vector<Merge>* list : {&given, &implied}) {
    for (auto first = list->begin(); first != list->end();) {
      const std::string text = first->first + first->second;
      const auto last = std::find_if(first, list->end(), [&](const Merge& merge) {
        return merge.first + merge.second != text;
      });
      std::sort(first, last);
      first = last;
    }
  }
  if (given != implied) {
    throw Error(
        ErrorCode::kUnsupported,
        fmt::format("tokenizer.json: {} merges that no scores of tokens give ({} would be): "
                    "not SentencePiece BPE",
                    given.size(), implied.size()));
  }
}

}  // namespace hlwq::checkpoint
