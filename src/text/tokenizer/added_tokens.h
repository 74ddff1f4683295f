// Tokens that are cut out of a text before anything else is done to it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/function_ref.h"
#include "text/tokenizer/normalizer.h"
#include "text/tokenizer/regex.h"
#include "text/tokenizer/token_trie.h"
#include "text/tokenizer/vocabulary.h"

namespace hlwq::text {

struct AddedToken {
  TokenId id = kNoToken;
  std::string content;
  bool is_single_word = false;  // found only where no word character is beside it
  bool strips_left = false;     // takes the white space before it along
  bool strips_right = false;    // and that behind it
  bool is_normalized = false;   // looked for, in normal form, in the normalized text
  bool is_special = false;      // no text: left out of plain texts
};

// Immutable once made. Thread: safe.
class AddedTokens {
 public:
  // `json` is the list of the file, or null. Of two with one text the later one counts; one whose id is
  // taken gets the next that is free, both as the tokenizers library has it. `also` as of Tokenizer.
  // Throws Error{kInvalidData} where `json` contradicts the vocabulary.
  AddedTokens(const nlohmann::json& json, const nlohmann::json& also, const Vocabulary& vocabulary,
              const NormalizerChain& normalizer);

  // One more than the largest id.
  size_t size() const noexcept { return index_of_id_.size(); }
  const AddedToken* OfId(TokenId id) const noexcept;  // null when it is none of these
  const AddedToken* OfText(std::string_view text) const;

  // Which tokens to look for.
  enum class Stage : uint8_t { kRaw, kNormalized };
  // A part of the text without tokens, or one token.
  struct Part {
    Range range;
    TokenId token = kNoToken;
  };
  // Gives all of `text`, part by part, to `sink`. `finds_special`: special tokens are looked for.
  void Split(std::string_view text, Stage stage, bool finds_special,
             FunctionRef<void(Part)> sink) const;

 private:
  void Add(const nlohmann::json& json, const Vocabulary& vocabulary);
  void AddFromElsewhere(const nlohmann::json& json, const Vocabulary& vocabulary);
  // The token has the id that its text has, or one that is free.
  void Put(AddedToken token);
  void MakeTries(const NormalizerChain& normalizer);

  std::vector<AddedToken> tokens_;
  std::vector<int32_t> index_of_id_;  // -1: none of these
  std::unordered_map<std::string, size_t> index_of_text_;
  TokenTrie raw_;
  TokenTrie normalized_;
};

}  // namespace hlwq::text
