#include "hlwq/tokenizer.h"

#include <utility>

#include "api/tokenizer_impl.h"
#include "chat/open_tokenizer.h"

namespace hlwq {

Tokenizer::Tokenizer(const std::filesystem::path& path)
    : impl_(std::make_shared<const Impl>(
          Impl{std::make_shared<const text::Tokenizer>(chat::OpenTokenizerAt(path))})) {}

Tokenizer::Tokenizer(std::shared_ptr<const Impl> impl) noexcept : impl_(std::move(impl)) {}

std::vector<TokenId> Tokenizer::Encode(std::string_view text, const EncodeOptions& options) const {
  return impl_->tokenizer->Encode(
      text, {.add_special = options.add_special, .parse_special = options.parse_special});
}

std::string Tokenizer::Decode(std::span<const TokenId> tokens, bool skip_special) const {
  return impl_->tokenizer->Decode(tokens, skip_special);
}

size_t Tokenizer::size() const noexcept { return impl_->tokenizer->size(); }

std::optional<TokenId> Tokenizer::IdOf(std::string_view token) const {
  return impl_->tokenizer->IdOf(token);
}

std::string_view Tokenizer::TokenText(TokenId token) const noexcept {
  return impl_->tokenizer->TokenText(token);
}

bool Tokenizer::IsSpecial(TokenId token) const noexcept {
  return impl_->tokenizer->IsSpecial(token);
}

}  // namespace hlwq
