// Text to token ids and back, as a Hugging Face tokenizer.json says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hlwq::text {

using TokenId = int32_t;

struct EncodeOptions {
  bool add_special = true;    // what the post-processor puts around a text (bos, eos)
  bool parse_special = true;  // special tokens written in the text are tokens, not text
};

// Immutable once made. Thread: safe.
class Tokenizer {
 public:
  // `json` is the content of a tokenizer.json. Throws Error{kInvalidData} when it contradicts
  // itself, Error{kUnsupported} naming the component (normalizer, pre-tokenizer, model,
  // post-processor, decoder) that this program does not know.
  explicit Tokenizer(std::string_view json);
  // With what other files say of its tokens: a list in the form of the file's added_tokens. One with a
  // text that is known takes the place of the earlier one, with its id; one with a new text is added,
  // unless its id is missing or taken.
  Tokenizer(std::string_view json, const nlohmann::json& added_tokens);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // `text` is UTF-8; an invalid sequence becomes U+FFFD. Cost: linear in the text.
  std::vector<TokenId> Encode(std::string_view text, EncodeOptions options = {}) const;
  // UTF-8 always: each maximal invalid part of the joined bytes becomes one U+FFFD. Ids that are not
  // in the vocabulary decode to nothing.
  std::string Decode(std::span<const TokenId> ids, bool skip_special = false) const;

  // One more than the largest id.
  size_t size() const noexcept;
  std::optional<TokenId> IdOf(std::string_view token) const;
  // The token as the vocabulary writes it ("Ġthe"); empty for an id without one.
  std::string_view TokenText(TokenId id) const noexcept;
  bool IsSpecial(TokenId id) const noexcept;
  // What the token adds inside of a text, which may be a part of a character. Empty for an id without one.
  std::string TokenBytes(TokenId id) const;

 private:
  friend class StreamDecoder;
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

// Decodes token by token; what it gives, joined, is what Decode gives for all of them. Borrows the
// tokenizer.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special = true);
  StreamDecoder(StreamDecoder&&) noexcept;
  ~StreamDecoder();

  // The text that is certain with this token: whole UTF-8 sequences only.
  std::string Push(TokenId id);
  // What was held back. The decoder is then as new.
  std::string Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hlwq::text
