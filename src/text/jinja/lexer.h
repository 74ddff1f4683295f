// Template source to tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hlwq::text::jinja {

enum class TokenKind : uint8_t {
  kText,  // between the tags, trimmed
  kBlockBegin,
  kBlockEnd,
  kPrintBegin,
  kPrintEnd,
  kName,
  kString,  // text: unescaped
  kInteger,
  kFloat,
  kOperator,
  kEnd,
};

struct Position {
  uint32_t line = 1;
  uint32_t column = 1;  // in bytes
};

struct Token {
  TokenKind kind;
  Position at;
  std::string text;
};

// Throws Error: "line 3, column 7: message".
[[noreturn]] void FailAt(ErrorCode code, Position at, std::string_view message);

// The tokens of a template, the last one kEnd. Whitespace is controlled as with trim_blocks and
// lstrip_blocks: the newline behind a statement and the blanks in front of one on its line are not
// part of the text. Throws Error{kInvalidData} on what cannot be a token, naming its place.
std::vector<Token> Tokenize(std::string_view source);

}  // namespace hlwq::text::jinja
