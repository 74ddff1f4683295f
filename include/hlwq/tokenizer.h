// Text to token ids and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hlwq {

using TokenId = int32_t;

struct EncodeOptions {
  bool add_special = true;    // what the tokenizer puts around a text (bos, eos)
  bool parse_special = true;  // special tokens written in the text are tokens, not text
};

// Copies share one immutable tokenizer. Thread: safe.
class Tokenizer {
 public:
  // A tokenizer.json, a folder that holds one, or a .gguf file. Throws Error{kUnsupported} naming the
  // component that hlwq does not know.
  explicit Tokenizer(const std::filesystem::path& path);

  // `text` is UTF-8; an invalid sequence becomes U+FFFD. Cost: linear in the text.
  std::vector<TokenId> Encode(std::string_view text, const EncodeOptions& options = {}) const;
  // UTF-8 always. Ids that are not in the vocabulary decode to nothing.
  std::string Decode(std::span<const TokenId> tokens, bool skip_special = false) const;

  // One more than the largest id.
  size_t size() const noexcept;
  std::optional<TokenId> IdOf(std::string_view token) const;
  // The token as the vocabulary writes it ("Ġthe"); empty for an id without one.
  std::string_view TokenText(TokenId token) const noexcept;
  bool IsSpecial(TokenId token) const noexcept;

 private:
  friend class Model;
  struct Impl;
  std::shared_ptr<const Impl> impl_;  // immutable

  explicit Tokenizer(std::shared_ptr<const Impl> impl) noexcept;
};

}  // namespace hlwq
