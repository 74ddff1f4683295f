// FormatPercent of format.h.
#include <fmt/format.h>

#include <cmath>

#include "base/utf8.h"
#include "text/jinja/format.h"
#include "text/jinja/heap.h"
#include "text/jinja/markup.h"
#include "text/jinja/operators.h"
#include "text/jinja/to_text.h"
#include "text/jinja/unicode.h"

namespace hlwq::text::jinja {
namespace {

class PercentFormatter {
 public:
  PercentFormatter(Heap& heap, const Value& pattern, const Value& values)
      : heap_(heap), pattern_(pattern.text()), escapes_(pattern.is_markup()), values_(values) {}

  std::string Run() {
    while (at_ < pattern_.size()) {
      const size_t percent = std::min(pattern_.find('%', at_), pattern_.size());
      Put(pattern_.substr(at_, percent - at_));
      at_ = percent;
      if (at_ < pattern_.size()) PutConversion();
    }
    // Whatever has items by key may have some that are not used; a tuple may not.
    const bool has_keys = values_.Is(Kind::kDict) || values_.Is(Kind::kList) ||
                          values_.Is(Kind::kRange) || values_.Is(Kind::kUndefined);
    const bool is_used = values_.Is(Kind::kTuple) ? next_ == values_.as<Sequence>().items.size()
                                                  : next_ == 1 || has_keys;
    if (!is_used) Fail("not all arguments converted during string formatting");
    return std::move(text_);
  }

 private:
  void Put(std::string_view part) {
    heap_.StepText(part.size());
    heap_.Reserve(text_.size() + part.size());
    text_ += part;
  }

  char Peek() const {
    if (at_ >= pattern_.size()) Fail("incomplete format");
    return pattern_[at_];
  }

  const Value& NextValue() {
    if (values_.Is(Kind::kTuple)) {
      const auto& items = values_.as<Sequence>().items;
      if (next_ >= items.size()) Fail("not enough arguments for format string");
      return items[next_++];
    }
    if (next_++ > 0) Fail("not enough arguments for format string");
    return values_;
  }

  // A width or precision: digits, or a star for the next value.
  int64_t ReadCount() {
    if (at_ < pattern_.size() && pattern_[at_] == '*') {
      ++at_;
      const Value& count = NextValue();
      if (!count.IsIntegral() || escapes_) Fail("* wants int");
      if (count.integer() > 1'000'000 || count.integer() < -1'000'000) Fail("a width too large");
      return count.integer();
    }
    return static_cast<int64_t>(ReadNumber(pattern_, at_));
  }

  const Value* ReadKey() {
    if (Peek() != '(') return nullptr;
    const size_t close = pattern_.find(')', at_);
    if (close == pattern_.npos) Fail("incomplete format key");
    if (!values_.Is(Kind::kDict)) Fail("format requires a mapping");
    const std::string_view key = pattern_.substr(at_ + 1, close - at_ - 1);
    at_ = close + 1;
    const Value* const found = values_.as<Dict>().Find(key);
    if (found == nullptr) Fail(fmt::format("no key '{}' for the format", key));
    return found;
  }

  void PutConversion() {
    ++at_;  // the percent sign
    const Value* value = ReadKey();
    FieldStyle style;
    bool is_zero_filled = false;
    for (bool is_flag = true; is_flag;) {
      switch (Peek()) {
        case '-':
          style.align = '<';
          break;
        case '+':
          style.sign = '+';
          break;
        case ' ':
          style.sign = style.sign == '+' ? '+' : ' ';
          break;
        case '#':
          style.is_alternate = true;
          break;
        case '0':
          is_zero_filled = true;
          break;
        default:
          is_flag = false;
      }
      at_ += is_flag ? 1 : 0;
    }
    const int64_t width = ReadCount();
    if (width < 0) style.align = '<';
    style.width = static_cast<size_t>(std::abs(width));
    if (Peek() == '.') {
      ++at_;
      style.precision = static_cast<int>(std::max(ReadCount(), int64_t{0}));
    }
    while (Peek() == 'l' || Peek() == 'h' || Peek() == 'L') ++at_;
    style.type = Peek();
    ++at_;
    if (style.type == '%') {
      Put("%");
      return;
    }
    if (value == nullptr) value = &NextValue();
    PutValue(*value, style, is_zero_filled);
  }

  void PutValue(const Value& value, FieldStyle style, bool is_zero_filled) {
    switch (style.type) {
      case 's':
        PutText(escapes_ ? Escaped(heap_, value).text() : ToText(heap_, value), style);
        return;
      case 'r':
        PutText(escapes_ ? EscapeHtml(Repr(heap_, value)) : Repr(heap_, value), style);
        return;
      case 'c':
        if (escapes_) Fail("%c requires int or char");
        PutCharacter(value, style);
        return;
      case 'd':
      case 'i':
      case 'u':
        style.type = 'd';
        break;
      case 'x':
      case 'X':
      case 'o':
        if (!value.IsIntegral() || escapes_)
          Fail(fmt::format("%{} format: an integer is required", style.type));
        break;
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        break;
      default:
        Fail(fmt::format("unsupported format character '{}'", style.type));
    }
    RequireDefined(value);
    if (!value.IsNumber()) {
      Fail(fmt::format("%{} format: a number is required, not {}", style.type,
                       TypeName(value.kind())));
    }
    PutNumber(value, style, is_zero_filled);
  }

  void PutNumber(const Value& value, FieldStyle style, bool is_zero_filled) {
    Value number = value;
    const bool is_integer =
        style.type == 'd' || style.type == 'x' || style.type == 'X' || style.type == 'o';
    if (style.type == 'd' && value.Is(Kind::kFloat)) {
      if (!(std::abs(value.number()) < 0x1p63)) Fail("a float that is no int of 64 bits");
      number = Value::Integer(static_cast<int64_t>(value.number()));
    }
    size_t least_digits = 0;
    if (is_integer && style.precision >= 0) {
      least_digits = static_cast<size_t>(style.precision);
      style.precision = -1;
    }
    std::string text = NumberText(number, style);
    const size_t sign_size = text.find_first_of("0123456789abcdefABCDEFinINn");
    if (text.size() - sign_size < least_digits) {
      text.insert(sign_size, least_digits - (text.size() - sign_size), '0');
    }
    if (is_zero_filled && style.align == '\0') {
      style.fill = "0";
      style.align = '=';
    }
    const bool has_base = style.is_alternate && is_integer && style.type != 'd';
    Put(Pad(heap_, text, style, '>', has_base ? sign_size + 2 : sign_size));
  }

  void PutText(std::string_view text, const FieldStyle& style) {
    if (style.precision >= 0) {
      text = text.substr(0, OffsetOf(text, static_cast<size_t>(style.precision)));
    }
    Put(Pad(heap_, text, style, '>', 0));
  }

  void PutCharacter(const Value& value, const FieldStyle& style) {
    if (value.Is(Kind::kString) && CountCodePoints(value.text()) == 1) {
      Put(Pad(heap_, value.text(), style, '>', 0));
      return;
    }
    const bool is_scalar = value.IsIntegral() && value.integer() >= 0 &&
                           value.integer() < 0x110000 &&
                           (value.integer() < 0xD800 || value.integer() > 0xDFFF);
    if (!is_scalar) Fail("%c requires int or char");
    std::string character;
    AppendCharacter(static_cast<char32_t>(value.integer()), character);
    Put(Pad(heap_, character, style, '>', 0));
  }

  Heap& heap_;
  const std::string_view pattern_;
  const bool escapes_;  // markup escapes what it takes, and takes it as text or number alone
  const Value& values_;
  size_t at_ = 0;
  size_t next_ = 0;
  std::string text_;
};

}  // namespace

Value FormatPercent(Heap& heap, const Value& pattern, const Value& values) {
  return LikeMarkup(pattern, heap.Text(PercentFormatter(heap, pattern, values).Run()));
}

}  // namespace hlwq::text::jinja
