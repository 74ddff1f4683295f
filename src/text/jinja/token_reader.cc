#include "text/jinja/token_reader.h"

#include <fmt/format.h>

namespace hlwq::text::jinja {

std::string Describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::kText:
      return "text";
    case TokenKind::kBlockBegin:
      return "'{%'";
    case TokenKind::kBlockEnd:
      return "'%}'";
    case TokenKind::kPrintBegin:
      return "'{{'";
    case TokenKind::kPrintEnd:
      return "'}}'";
    case TokenKind::kString:
      return "a string";
    case TokenKind::kEnd:
      return "the end of the template";
    default:
      return fmt::format("'{}'", token.text);
  }
}

const Token& TokenReader::ExpectKind(TokenKind kind, std::string_view what) {
  if (!IsKind(kind)) FailUnexpected(what);
  return Take();
}

void TokenReader::ExpectOperator(std::string_view text) {
  if (!TakeOperator(text)) FailUnexpected(fmt::format("'{}'", text));
}

void TokenReader::ExpectName(std::string_view name) {
  if (!TakeName(name)) FailUnexpected(fmt::format("'{}'", name));
}

void TokenReader::FailUnsupported(const Token& token, std::string_view what) const {
  FailAt(ErrorCode::kUnsupported, token.at, fmt::format("{} is not supported", what));
}

void TokenReader::FailUnexpected(std::string_view expected) const {
  Fail(Current(), fmt::format("expected {}, got {}", expected, Describe(Current())));
}

}  // namespace hlwq::text::jinja
