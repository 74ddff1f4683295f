// Reads tokens one by one: what both halves of the parser stand on.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/lexer.h"

namespace hlwq::text::jinja {

class TokenReader {
 public:
  explicit TokenReader(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& Current() const { return tokens_[at_]; }
  const Token& Look() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  // The current token; the next becomes current.
  const Token& Take() {
    const Token& taken = tokens_[at_];
    if (at_ + 1 < tokens_.size()) ++at_;
    return taken;
  }

  bool IsKind(TokenKind kind) const { return Current().kind == kind; }
  bool IsName(std::string_view name) const {
    return IsKind(TokenKind::kName) && Current().text == name;
  }
  bool IsOperator(std::string_view text) const {
    return IsKind(TokenKind::kOperator) && Current().text == text;
  }
  bool TakeName(std::string_view name) { return IsName(name) && (Take(), true); }
  bool TakeOperator(std::string_view text) { return IsOperator(text) && (Take(), true); }

  // Throw Error{kInvalidData} when something else is there.
  const Token& ExpectKind(TokenKind kind, std::string_view what);
  void ExpectOperator(std::string_view text);
  void ExpectName(std::string_view name);

  [[noreturn]] void Fail(const Token& token, std::string_view message) const {
    FailAt(ErrorCode::kInvalidData, token.at, message);
  }
  [[noreturn]] void FailUnsupported(const Token& token, std::string_view what) const;
  [[noreturn]] void FailUnexpected(std::string_view expected) const;

 private:
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

// How an error calls the token.
std::string Describe(const Token& token);

}  // namespace hlwq::text::jinja
