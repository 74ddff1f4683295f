#include "text/jinja/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "text/jinja/literals.h"
#include "text/jinja/unicode.h"

namespace hlwq::text::jinja {
namespace {

// Every line ends with \n, and the last one has no end.
std::string NormalizeNewlines(std::string_view source) {
  std::string normalized;
  normalized.reserve(source.size());
  for (size_t at = 0; at < source.size(); ++at) {
    if (source[at] == '\r') {
      normalized += '\n';
      at += at + 1 < source.size() && source[at + 1] == '\n' ? 1 : 0;
    } else {
      normalized += source[at];
    }
  }
  if (normalized.ends_with('\n')) normalized.pop_back();
  return normalized;
}

constexpr std::string_view kLongOperators[] = {"//", "**", "==", "!=", ">=", "<="};
constexpr std::string_view kOperators = "+-/*%~[](){}><=.:|,;";

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::vector<Token> Run() {
    while (at_ < source_.size()) LexText();
    Put(TokenKind::kEnd, at_, {});
    return std::move(tokens_);
  }

 private:
  std::string_view Rest() const { return source_.substr(at_); }
  bool IsAt(std::string_view wanted) const { return Rest().starts_with(wanted); }

  // Places come in order, so the newlines are counted once.
  Position PositionOf(size_t offset) {
    for (; counted_ < offset; ++counted_) {
      if (source_[counted_] == '\n') {
        ++line_;
        line_start_ = counted_ + 1;
      }
    }
    return {.line = line_, .column = static_cast<uint32_t>(offset - line_start_ + 1)};
  }

  [[noreturn]] void Fail(size_t offset, std::string_view message) {
    FailAt(ErrorCode::kInvalidData, PositionOf(offset), message);
  }

  void Put(TokenKind kind, size_t offset, std::string_view text) {
    tokens_.push_back({kind, PositionOf(offset), std::string(text)});
  }

  size_t SkipSpace(size_t offset) const {
    while (offset < source_.size() && IsSpace(CodePointAt(source_, offset))) {
      offset += CodePointBytes(source_, offset);
    }
    return offset;
  }

  // The first {{, {% or {# from here on.
  size_t FindTag() const {
    for (size_t tag = at_; (tag = source_.find('{', tag)) < source_.size(); ++tag) {
      const char next = tag + 1 < source_.size() ? source_[tag + 1] : '\0';
      if (next == '{' || next == '%' || next == '#') return tag;
    }
    return source_.size();
  }

  // '-', '+' or '\0' at `offset`.
  char SignAt(size_t offset) const {
    const char byte = offset < source_.size() ? source_[offset] : '\0';
    return byte == '-' || byte == '+' ? byte : '\0';
  }

  // The text from here to `end`, where a tag with `sign` starts.
  void PutText(size_t end, char sign, bool is_print) {
    std::string_view text = source_.substr(at_, end - at_);
    const bool starts_line = at_ == 0 || source_[at_ - 1] == '\n';
    if (sign == '-') {
      text = StripSpace(text, {.left = false});
    } else if (sign != '+' && !is_print) {
      const size_t newline = text.rfind('\n');
      const size_t line = newline == text.npos ? 0 : newline + 1;
      if ((line > 0 || starts_line) && StripSpace(text.substr(line)).empty()) {
        text = text.substr(0, line);
      }
    }
    if (!text.empty()) Put(TokenKind::kText, at_, text);
  }

  void LexText() {
    const size_t tag = FindTag();
    if (tag == source_.size()) {
      Put(TokenKind::kText, at_, Rest());
      at_ = tag;
      return;
    }
    const char sign = SignAt(tag + 2);
    const bool is_print = source_[tag + 1] == '{';
    PutText(tag, sign, is_print);
    const size_t inside = tag + (sign == '\0' ? 2 : 3);
    if (source_[tag + 1] == '#') {
      SkipComment(tag, inside);
    } else if (const size_t content = RawContent(tag); content != 0) {
      LexRaw(tag, content);
    } else {
      Put(is_print ? TokenKind::kPrintBegin : TokenKind::kBlockBegin, tag, {});
      at_ = inside;
      LexTag(tag, is_print);
    }
  }

  // What follows the end of a tag that began its end at `end`.
  size_t AfterTag(size_t end, char sign) const {
    const size_t after = end + 2;
    if (sign == '-') return SkipSpace(after);
    return sign == '\0' && source_.substr(after).starts_with('\n') ? after + 1 : after;
  }

  void SkipComment(size_t tag, size_t inside) {
    const size_t end = source_.find("#}", inside);
    if (end == source_.npos) Fail(tag, "missing end of comment tag");
    at_ = AfterTag(end, end > inside ? SignAt(end - 1) : '\0');
  }

  // Of {% word %} at `tag`: where its end starts, after the sign if there is one; 0 when there is
  // something else.
  size_t EndOfWord(size_t tag, std::string_view word) const {
    size_t offset = tag + 2;
    offset = SkipSpace(SignAt(offset) == '\0' ? offset : offset + 1);
    if (!source_.substr(offset).starts_with(word)) return 0;
    offset = SkipSpace(offset + word.size());
    const size_t end = SignAt(offset) == '\0' ? offset : offset + 1;
    return source_.substr(end).starts_with("%}") ? end : 0;
  }

  // Where the content of {% raw %} starts; 0 when that is not what is at `tag`.
  size_t RawContent(size_t tag) const {
    if (source_[tag + 1] != '%') return 0;
    const size_t end = EndOfWord(tag, "raw");
    if (end == 0 || source_[end - 1] == '+') return 0;
    return source_[end - 1] == '-' ? SkipSpace(end + 2) : end + 2;
  }

  void LexRaw(size_t tag, size_t content) {
    for (size_t next = content; (next = source_.find("{%", next)) != source_.npos; ++next) {
      const size_t end = EndOfWord(next, "endraw");
      if (end == 0) continue;
      at_ = content;
      PutText(next, SignAt(next + 2), false);
      at_ = AfterTag(end, SignAt(end - 1));
      return;
    }
    Fail(tag, "missing end of raw block");
  }

  // Tokens up to the end of the tag that began at `tag`.
  void LexTag(size_t tag, bool is_print) {
    const std::string_view close = is_print ? "}}" : "%}";
    brackets_.clear();
    while (true) {
      at_ = SkipSpace(at_);
      if (at_ == source_.size()) {
        Fail(tag, is_print ? "missing end of print statement" : "missing end of statement");
      }
      if (brackets_.empty() && LexTagEnd(close, is_print)) return;
      LexToken();
    }
  }

  bool LexTagEnd(std::string_view close, bool is_print) {
    const char found = SignAt(at_);
    const char sign = is_print && found == '+' ? '\0' : found;
    const size_t end = sign == '\0' ? at_ : at_ + 1;
    if (!source_.substr(end).starts_with(close)) return false;
    Put(is_print ? TokenKind::kPrintEnd : TokenKind::kBlockEnd, at_, {});
    // A newline after {{ }} stays.
    at_ = is_print && sign == '\0' ? end + 2 : AfterTag(end, sign);
    return true;
  }

  void LexToken() {
    const char byte = source_[at_];
    if (byte >= '0' && byte <= '9') {
      const bool follows_dot = at_ > 0 && source_[at_ - 1] == '.';
      const NumberSpan number = SpanNumber(Rest(), follows_dot);
      Put(number.is_float ? TokenKind::kFloat : TokenKind::kInteger, at_,
          Rest().substr(0, number.size));
      at_ += number.size;
    } else if (StartsName(CodePointAt(source_, at_))) {
      size_t end = at_;
      while (end < source_.size() && ContinuesName(CodePointAt(source_, end))) {
        end += CodePointBytes(source_, end);
      }
      Put(TokenKind::kName, at_, source_.substr(at_, end - at_));
      at_ = end;
    } else if (byte == '"' || byte == '\'') {
      LexString(byte);
    } else {
      LexOperator();
    }
  }

  void LexString(char quote) {
    const size_t start = at_;
    size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) Fail(start, "missing end of string");
    const Position position = PositionOf(start);
    tokens_.push_back({TokenKind::kString, position,
                       Unescape(source_.substr(start + 1, end - start - 1), position)});
    at_ = end + 1;
  }

  void LexOperator() {
    const size_t start = at_;
    size_t size = 1;
    for (const std::string_view longer : kLongOperators) {
      if (IsAt(longer)) size = 2;
    }
    const std::string_view text = Rest().substr(0, size);
    if (size == 1 && kOperators.find(text) == kOperators.npos) {
      Fail(start, fmt::format("unexpected character '{}'",
                              Rest().substr(0, CodePointBytes(source_, at_))));
    }
    Balance(text[0]);
    Put(TokenKind::kOperator, start, text);
    at_ += size;
  }

  void Balance(char bracket) {
    constexpr std::string_view kOpen = "([{";
    constexpr std::string_view kClose = ")]}";
    if (const size_t opened = kOpen.find(bracket); opened != kOpen.npos) {
      brackets_ += kClose[opened];
    } else if (kClose.find(bracket) != kClose.npos) {
      if (brackets_.empty()) Fail(at_, fmt::format("unexpected '{}'", bracket));
      if (brackets_.back() != bracket) {
        Fail(at_, fmt::format("unexpected '{}', expected '{}'", bracket, brackets_.back()));
      }
      brackets_.pop_back();
    }
  }

  const std::string_view source_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
  std::string brackets_;  // what closes those that are open
  uint32_t line_ = 1;
  size_t line_start_ = 0;
  size_t counted_ = 0;
};

}  // namespace

void FailAt(ErrorCode code, Position at, std::string_view message) {
  throw Error(code, fmt::format("line {}, column {}: {}", at.line, at.column, message));
}

std::vector<Token> Tokenize(std::string_view source) {
  if (source.size() >= std::numeric_limits<uint32_t>::max()) {
    throw Error(ErrorCode::kInvalidData, "a template of 4 GiB or more");
  }
  return Lexer(NormalizeNewlines(source)).Run();
}

}  // namespace hlwq::text::jinja
