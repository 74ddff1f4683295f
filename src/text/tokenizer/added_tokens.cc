#include "text/tokenizer/added_tokens.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_reader.h"
#include "base/utf8.h"
#include "text/tokenizer/quoted.h"
#include "text/tokenizer/unicode.h"

namespace hlwq::text {
namespace {

// A longer one would make the search slow. Published tokens are a few dozen bytes long.
constexpr size_t kMaxContentBytes = 4096;
constexpr size_t kMaxAllBytes = 16u << 20;

[[noreturn]] void Fail(const std::string& content, const std::string& complaint) {
  throw Error(ErrorCode::kInvalidData, "added_tokens: " + Quoted(content) + ": " + complaint);
}

// Without its id where it has none.
AddedToken ReadToken(const nlohmann::json& json, bool needs_id) {
  AddedToken token{.content = JsonReader(json, {.within = "added_tokens"}).String("content")};
  if (token.content.size() > kMaxContentBytes) {
    Fail(token.content, "longer than " + std::to_string(kMaxContentBytes) + " bytes");
  }
  const JsonReader fields(json, {.within = "added_tokens: " + Quoted(token.content)});
  if (needs_id || fields.Has("id")) {
    token.id = static_cast<TokenId>(fields.Size("id", {0, kMaxTokens - 1}));
  }
  token.is_special = fields.Flag("special", false);
  token.is_single_word = fields.Flag("single_word", false);
  token.strips_left = fields.Flag("lstrip", false);
  token.strips_right = fields.Flag("rstrip", false);
  token.is_normalized = fields.Flag("normalized", !token.is_special);
  return token;
}

// Where the white space that ends `text` begins, not before `least`.
size_t SpaceBegin(std::string_view text, size_t least) {
  while (text.size() > least) {
    const std::string_view last = LastCharacter(text);
    if (!IsWhiteSpace(FirstCharacter(last))) break;
    text.remove_suffix(last.size());
  }
  return std::max(text.size(), least);
}

size_t SpaceEnd(std::string_view text, size_t at) {
  while (at < text.size() && IsWhiteSpace(FirstCharacter(text.substr(at)))) {
    at += CharacterSize(text[at]);
  }
  return at;
}

bool IsWholeWord(std::string_view text, const TokenTrie::Match& match) {
  const std::string_view before = text.substr(0, match.begin);
  const std::string_view after = text.substr(match.end);
  return (before.empty() || !IsWordCharacter(FirstCharacter(LastCharacter(before)))) &&
         (after.empty() || !IsWordCharacter(FirstCharacter(after)));
}

}  // namespace

AddedTokens::AddedTokens(const nlohmann::json& json, const nlohmann::json& also,
                         const Vocabulary& vocabulary, const NormalizerChain& normalizer) {
  if (!json.is_null() && !json.is_array()) {
    throw Error(ErrorCode::kInvalidData, "added_tokens: want a list");
  }
  for (const nlohmann::json& item : json) Add(item, vocabulary);
  for (const nlohmann::json& item : also) AddFromElsewhere(item, vocabulary);
  MakeTries(normalizer);
}

void AddedTokens::MakeTries(const NormalizerChain& normalizer) {
  std::vector<TokenTrie::Entry> raw;
  std::vector<TokenTrie::Entry> normalized;
  MatchScratch scratch;
  std::string buffer;
  std::string other;
  size_t all_bytes = 0;
  for (uint32_t index = 0; index < tokens_.size(); ++index) {
    const AddedToken& token = tokens_[index];
    if (token.is_normalized) {
      const std::string_view text = normalizer.Apply(token.content, scratch, buffer, other);
      if (text.size() > kMaxContentBytes) Fail(token.content, "too long when normalized");
      all_bytes += text.size();
      normalized.push_back({std::string(text), index});
    } else {
      all_bytes += token.content.size();
      raw.push_back({token.content, index});
    }
    if (all_bytes > kMaxAllBytes) {
      throw Error(ErrorCode::kUnsupported, "added_tokens: more than 16 MiB are not supported");
    }
  }
  raw_ = TokenTrie(std::move(raw));
  normalized_ = TokenTrie(std::move(normalized));
}

void AddedTokens::Add(const nlohmann::json& json, const Vocabulary& vocabulary) {
  AddedToken token = ReadToken(json, true);
  if (token.content.empty()) return;
  const TokenId id_in_model = vocabulary.Find(token.content);
  if (id_in_model != kNoToken && id_in_model != token.id) {
    Fail(token.content, "has id " + std::to_string(token.id) + ", and id " +
                            std::to_string(id_in_model) + " in the vocabulary");
  }
  if (vocabulary.Has(token.id) && id_in_model == kNoToken) {
    Fail(token.content, "has id " + std::to_string(token.id) + ", which is " +
                            Quoted(vocabulary.Text(token.id)) + " in the vocabulary");
  }
  if (const AddedToken* earlier = OfText(token.content)) {
    token.id = earlier->id;
  } else if (OfId(token.id) != nullptr) {
    token.id = static_cast<TokenId>(std::max(vocabulary.size(), size()));
    if (static_cast<uint64_t>(token.id) >= kMaxTokens) Fail(token.content, "no id is free for it");
  }
  Put(std::move(token));
}

void AddedTokens::AddFromElsewhere(const nlohmann::json& json, const Vocabulary& vocabulary) {
  AddedToken token = ReadToken(json, false);
  if (token.content.empty()) return;
  const AddedToken* const earlier = OfText(token.content);
  const TokenId known = earlier != nullptr ? earlier->id : vocabulary.Find(token.content);
  if (known == kNoToken && (token.id == kNoToken || vocabulary.Has(token.id) || OfId(token.id))) {
    return;
  }
  if (earlier != nullptr && token.id == kNoToken) {  // a name alone: nothing new but this
    tokens_[index_of_text_.at(token.content)].is_special = true;
    return;
  }
  if (known != kNoToken) token.id = known;
  Put(std::move(token));
}

void AddedTokens::Put(AddedToken token) {
  const auto [place, is_new] = index_of_text_.emplace(token.content, tokens_.size());
  if (!is_new) {
    tokens_[place->second] = std::move(token);
    return;
  }
  const auto id = static_cast<size_t>(token.id);
  if (id >= index_of_id_.size()) index_of_id_.resize(id + 1, -1);
  index_of_id_[id] = static_cast<int32_t>(tokens_.size());
  tokens_.push_back(std::move(token));
}

const AddedToken* AddedTokens::OfId(TokenId id) const noexcept {
  if (id < 0 || static_cast<size_t>(id) >= index_of_id_.size()) return nullptr;
  const int32_t index = index_of_id_[static_cast<size_t>(id)];
  return index < 0 ? nullptr : &tokens_[static_cast<size_t>(index)];
}

const AddedToken* AddedTokens::OfText(std::string_view text) const {
  const auto found = index_of_text_.find(std::string(text));
  return found == index_of_text_.end() ? nullptr : &tokens_[found->second];
}

void AddedTokens::Split(std::string_view text, Stage stage, bool finds_special,
                        FunctionRef<void(Part)> sink) const {
  const TokenTrie& trie = stage == Stage::kRaw ? raw_ : normalized_;
  size_t done = 0;
  for (size_t at = 0; at < text.size();) {
    const std::optional<TokenTrie::Match> match = trie.Find(text, at);
    if (!match) break;
    at = match->end;
    const AddedToken& token = tokens_[match->value];
    if (token.is_special && !finds_special) continue;
    if (token.is_single_word && !IsWholeWord(text, *match)) continue;
    const size_t begin =
        token.strips_left ? SpaceBegin(text.substr(0, match->begin), done) : match->begin;
    if (done < begin) sink({{done, begin}});
    const size_t end = token.strips_right ? SpaceEnd(text, match->end) : match->end;
    sink({{begin, end}, token.id});
    done = std::max(done, end);
  }
  if (done < text.size()) sink({{done, text.size()}});
}

}  // namespace hlwq::text
