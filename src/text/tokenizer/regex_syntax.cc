#include "text/tokenizer/regex_syntax.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "text/tokenizer/quoted.h"
#include "text/tokenizer/regex_sets.h"

namespace hlwq::text {
namespace {

class Translator {
 public:
  explicit Translator(std::string_view pattern) : in_(pattern) {}

  std::string Run() {
    while (!Done()) Next();
    if (!groups_.empty()) FailSyntax("a group is not closed");
    return std::move(out_);
  }

 private:
  [[noreturn]] void Fail(std::string_view construct) const {
    throw Error(ErrorCode::kUnsupported, "regular expression " + Quoted(in_) + ": " +
                                             std::string(construct) + " is not supported");
  }

  [[noreturn]] void FailSyntax(std::string_view complaint) const {
    throw Error(ErrorCode::kInvalidData,
                "regular expression " + Quoted(in_) + ": " + std::string(complaint));
  }

  bool Done() const { return at_ == in_.size(); }
  bool Sees(std::string_view text) const { return in_.substr(at_).starts_with(text); }
  bool Takes(std::string_view text) {
    if (!Sees(text)) return false;
    at_ += text.size();
    return true;
  }
  std::string_view TakeCharacter() {
    if (Done()) FailSyntax("it ends in an escape");
    const std::string_view character = in_.substr(at_, CharacterSize(in_[at_]));
    at_ += character.size();
    return character;
  }

  void Next() {
    const char c = in_[at_];
    if (c == '*' || c == '+' || c == '?') return Quantifier();
    if (c == '{') return Brace();
    if (c == '|') {
      out_ += TakeCharacter();
      return;
    }
    if (c == ')') {
      if (groups_.empty()) FailSyntax("a ')' without a group");
      out_ += TakeCharacter();
      atom_ = groups_.back();
      groups_.pop_back();
      return;
    }
    const size_t begin = out_.size();
    if (c == '(') {
      OpenGroup(begin);
    } else if (c == '[') {
      Class();
    } else if (c == '\\') {
      Escape();
    } else {
      out_ += TakeCharacter();
    }
    atom_ = begin;
  }

  // "*", "+" or "?", with a "?" (reluctant) or "+" (possessive) after it: the same in both.
  void Quantifier() {
    out_ += TakeCharacter();
    if (Sees("?") || Sees("+")) out_ += TakeCharacter();
  }

  void Brace() {
    const size_t close = in_.find('}', at_);
    const std::string_view body =
        close == in_.npos ? std::string_view() : in_.substr(at_ + 1, close - at_ - 1);
    const size_t comma = body.find(',');
    const bool is_interval = body.find_first_not_of("0123456789,") == body.npos && body != "," &&
                             !body.empty() &&
                             (comma == body.npos || body.find(',', comma + 1) == body.npos);
    if (!is_interval) {
      atom_ = out_.size();
      out_ += "\\{";
      ++at_;
      return;
    }
    at_ = close + 1;
    out_ += body.starts_with(',') ? "{0" : "{";
    out_ += body;
    out_ += '}';
    // What follows an interval is a quantifier of its own, but for the reluctant {n,m}?.
    if (Sees("+") || (comma == body.npos && Sees("?"))) {
      out_.insert(atom_, "(?:");
      out_ += ')';
      out_ += TakeCharacter();
    } else if (Sees("?")) {
      out_ += TakeCharacter();
    }
  }

  void OpenGroup(size_t begin) {
    ++at_;
    if (Sees("*")) Fail("a callout '(*'");
    out_ += '(';
    groups_.push_back(begin);
    if (!Takes("?")) return;
    out_ += '?';
    for (const std::string_view kind : {":", "=", "!", ">", "<=", "<!"}) {
      if (Takes(kind)) {
        out_ += kind;
        return;
      }
    }
    if (Sees("<")) {  // a name
      const size_t close = in_.find('>', at_);
      if (close == in_.npos) FailSyntax("the name of a group is not closed");
      out_ += in_.substr(at_, close + 1 - at_);
      at_ = close + 1;
      return;
    }
    while (!Done()) {
      const char c = in_[at_++];
      if (c == 'i' || c == 'x' || c == '-') {
        out_ += c;
      } else if (c == 'm') {
        out_ += 's';
      } else if (c == ':') {
        out_ += c;
        return;
      } else if (c == ')') {
        out_ += c;
        groups_.pop_back();
        return;
      } else {
        Fail(Quoted(std::string("(?") + c));
      }
    }
    FailSyntax("a group is not closed");
  }

  void Escape() {
    ++at_;
    const std::string_view character = TakeCharacter();
    switch (character[0]) {
      case 's':
        return Bracketed("[", kSpace);
      case 'S':
        return Bracketed("[^", kSpace);
      case 'w':
        return Bracketed("[", kWord);
      case 'W':
        return Bracketed("[^", kWord);
      case 'h':
        return Bracketed("[", kHex);
      case 'H':
        return Bracketed("[^", kHex);
      case 'b':
        return Border("(?:(?<=[$])(?![$])|(?<![$])(?=[$]))");
      case 'B':
        return Border("(?:(?<=[$])(?=[$])|(?<![$])(?![$]))");
      case 'p':
      case 'P': {
        const Property property = TakeProperty(character[0] == 'P');
        if (IsOne(property)) return Append(AsOne(property));
        return Bracketed(property.is_negated ? "[^" : "[", property.content);
      }
      case 'A':
      case 'z':
      case 'Z':
        out_ += '\\';
        out_ += character;
        return;
      default:
        CommonEscape(character);
    }
  }

  void Bracketed(std::string_view open, std::string_view content) {
    out_ += open;
    out_ += content;
    out_ += ']';
  }

  void Border(std::string_view form) {
    for (const char c : form) c == '$' ? out_ += kWord : out_ += c;
  }

  struct Property {
    std::string content;
    bool is_negated = false;
  };

  // Whether one escape says it, negated or not.
  static bool IsOne(const Property& property) {
    return property.content.starts_with("\\p") && std::ranges::count(property.content, '\\') == 1;
  }
  static std::string AsOne(const Property& property) {
    return (property.is_negated ? "\\P" : "\\p") + property.content.substr(2);
  }
  void Append(std::string_view text) { out_ += text; }

  Property TakeProperty(bool is_negated) {
    const size_t close = in_.find('}', at_);
    if (!Takes("{") || close == in_.npos) Fail("\\p without a name in braces");
    if (Takes("^")) is_negated = !is_negated;
    const std::string_view name = in_.substr(at_, close - at_);
    at_ = close + 1;
    const bool is_name = !name.empty() && std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    });
    if (!is_name) Fail("the property " + Quoted(name));
    const auto renamed = std::ranges::find(kRenamed, name, &Renamed::name);
    if (renamed != kRenamed.end()) return {std::string(renamed->content), is_negated};
    const bool is_script = std::ranges::find(kProperties, name) == kProperties.end();
    return {(is_script ? "\\p{sc:" : "\\p{") + std::string(name) + "}", is_negated};
  }

  // Escapes that mean the same inside a class and outside.
  void CommonEscape(std::string_view character) {
    switch (character[0]) {
      case 't':
      case 'n':
      case 'r':
      case 'f':
      case 'a':
      case 'e':
        out_ += '\\';
        out_ += character;
        return;
      case 'v':
        out_ += "\\x{b}";
        return;
      case 'd':
        out_ += "\\p{Nd}";
        return;
      case 'D':
        out_ += "\\P{Nd}";
        return;
      case 'x':
        return Takes("{") ? CodePoint(in_.find('}', at_), 1) : CodePoint(HexEnd(2), 0);
      case 'u':
        return CodePoint(HexEnd(4), 0);
      default:
        break;
    }
    const char c = character[0];
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      Fail(Quoted("\\" + std::string(character)));
    }
    if (character.size() == 1) out_ += '\\';
    out_ += character;
  }

  size_t HexEnd(size_t most) const {
    size_t end = at_;
    while (end < in_.size() && end < at_ + most && IsHex(in_[end])) ++end;
    return end;
  }
  static bool IsHex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  }

  void CodePoint(size_t end, size_t close_size) {
    const std::string_view digits = end == in_.npos ? "" : in_.substr(at_, end - at_);
    if (digits.empty() || digits.size() > 6 || !std::ranges::all_of(digits, IsHex)) {
      Fail("a character by number");
    }
    // One byte above 7F is a part of a character there, and a character here.
    if (close_size == 0 && digits.size() <= 2 && digits[0] > '7') Fail("a byte by number");
    out_ += "\\x{";
    out_ += digits;
    out_ += '}';
    at_ = end + close_size;
  }

  void Class() {
    out_ += TakeCharacter();
    if (Takes("^")) out_ += '^';
    if (Takes("]")) out_ += "\\]";
    while (!Takes("]")) {
      if (Done()) FailSyntax("a class is not closed");
      if (Sees("&&")) Fail("an intersection of classes ('&&')");
      if (Sees("[:")) {
        PosixSet();
      } else if (Sees("[")) {
        Fail("a class within a class");
      } else if (Takes("\\")) {
        ClassEscape();
      } else {
        out_ += TakeCharacter();
      }
    }
    out_ += ']';
  }

  void ClassEscape() {
    const std::string_view character = TakeCharacter();
    switch (character[0]) {
      case 's':
        return Set(kSpace);
      case 'S':
        return Set(kNotSpace);
      case 'w':
        return Set(kWord);
      case 'h':
        return Set(kHex);
      case 'b':
        out_ += "\\x{8}";
        return;
      case 'p':
      case 'P': {
        const Property property = TakeProperty(character[0] == 'P');
        if (!property.is_negated) return Set(property.content);
        if (!IsOne(property)) Fail("this \\P within a class");
        return Set(AsOne(property));
      }
      case 'd':
      case 'D':
        CommonEscape(character);
        return Set("");
      default:
        CommonEscape(character);
    }
  }

  // A set within a class; a hyphen after it is one, and no range.
  void Set(std::string_view content) {
    out_ += content;
    if (Takes("-")) out_ += "\\-";
  }

  void PosixSet() {
    const size_t close = in_.find(":]", at_);
    if (close == in_.npos) Fail("a class within a class");
    std::string name(in_.substr(at_ + 2, close - at_ - 2));
    if (!name.empty() && name[0] >= 'a') name[0] = static_cast<char>(name[0] - 'a' + 'A');
    const auto renamed = std::ranges::find(kRenamed, name, &Renamed::name);
    if (renamed == kRenamed.end()) Fail(Quoted(in_.substr(at_, close + 2 - at_)));
    at_ = close + 2;
    Set(renamed->content);
  }

  std::string_view in_;
  size_t at_ = 0;
  std::string out_;
  size_t atom_ = 0;             // where in out_ what a quantifier would repeat begins
  std::vector<size_t> groups_;  // where in out_ the open groups begin
};

}  // namespace

std::string ToPcre2Syntax(std::string_view pattern) { return Translator(pattern).Run(); }

}  // namespace hlwq::text
