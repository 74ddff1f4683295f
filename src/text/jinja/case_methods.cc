#include "text/jinja/case_methods.h"

#include "base/utf8.h"
#include "text/jinja/arguments.h"
#include "text/jinja/heap.h"
#include "text/jinja/markup.h"
#include "text/jinja/unicode.h"

namespace hlwq::text::jinja {
namespace {

using Predicate = bool (*)(char32_t) noexcept;

bool IsAllOf(std::string_view text, Predicate predicate) {
  for (size_t at = 0; at < text.size(); at += CodePointBytes(text, at)) {
    if (!predicate(CodePointAt(text, at))) return false;
  }
  return !text.empty();
}

bool IsCased(std::string_view text, Predicate wanted, Predicate unwanted) noexcept {
  bool has_wanted = false;
  for (size_t at = 0; at < text.size(); at += CodePointBytes(text, at)) {
    const char32_t code_point = CodePointAt(text, at);
    if (unwanted(code_point)) return false;
    has_wanted = has_wanted || wanted(code_point);
  }
  return has_wanted;
}

template <bool (*test)(std::string_view)>
Value Tested(Heap& heap, const Value& self, const Arguments& arguments) {
  const Parameters none("str method", arguments, {});
  heap.StepText(self.text().size());
  return Value::Bool(test(self.text()));
}

template <std::string (*change)(std::string_view)>
Value Changed(Heap& heap, const Value& self, const Arguments& arguments) {
  const Parameters none("str method", arguments, {});
  heap.StepText(self.text().size());
  heap.Reserve(self.text().size() * 3);
  return heap.Text(change(self.text()));
}

bool IsAlphaText(std::string_view text) { return IsAllOf(text, IsAlpha); }
bool IsDigitText(std::string_view text) { return IsAllOf(text, IsDigit); }
bool IsNumericText(std::string_view text) { return IsAllOf(text, IsNumeric); }
bool IsSpaceText(std::string_view text) { return IsAllOf(text, IsSpace); }
bool IsUpperText(std::string_view text) { return IsAllUpper(text); }
bool IsLowerText(std::string_view text) { return IsAllLower(text); }
bool IsAlnumText(std::string_view text) {
  return IsAllOf(text, [](char32_t code_point) noexcept {
    return IsAlpha(code_point) || IsNumeric(code_point);
  });
}

// One character in title case: full mappings too ("Ss" of "ß").
std::string TitleOf(std::string_view character) {
  const char32_t code_point = CodePointAt(character, 0);
  std::string title;
  if (ToTitle(code_point) != code_point) {
    AppendCharacter(ToTitle(code_point), title);
    return title;
  }
  title = ToUpper(character);
  const size_t first = CodePointBytes(title, 0);
  return first == title.size() ? std::string(character)
                               : title.substr(0, first) + ToLower(title.substr(first));
}

// Words are runs of cased characters; each starts in title case.
std::string Title(std::string_view text) {
  std::string titled;
  bool is_inside = false;
  for (size_t at = 0; at < text.size();) {
    const size_t size = CodePointBytes(text, at);
    const char32_t code_point = CodePointAt(text, at);
    const std::string_view bytes = text.substr(at, size);
    titled += is_inside ? ToLower(bytes) : TitleOf(bytes);
    is_inside = IsUpper(code_point) || IsLower(code_point) || ToTitle(code_point) != code_point;
    at += size;
  }
  return titled;
}

// `width` as code points; what is missing is shared out by `left_share` of `missing`.
template <typename LeftShare>
std::string Fill(Heap& heap, std::string_view text, int64_t width, std::string_view fill,
                 const LeftShare& left_share) {
  const auto count = static_cast<int64_t>(CountCodePoints(text));
  if (CountCodePoints(fill) != 1) Fail("the fill character must be exactly one character long");
  if (width <= count) return std::string(text);
  const auto missing = static_cast<uint64_t>(width - count);
  if (missing > heap.limits().memory_bytes) Fail("a width too large");
  heap.Reserve(text.size() + missing * fill.size());
  heap.StepText(text.size() + missing * fill.size());
  const uint64_t left = left_share(missing, static_cast<uint64_t>(width));
  std::string filled;
  for (uint64_t put = 0; put < left; ++put) filled += fill;
  filled += text;
  for (uint64_t put = left; put < missing; ++put) filled += fill;
  return filled;
}

uint64_t AllLeft(uint64_t missing, uint64_t) { return missing; }
uint64_t NoneLeft(uint64_t, uint64_t) { return 0; }

// The second parameter: markup escapes it.
std::string_view FillOf(Heap& heap, const Value& self, const Parameters& parameters) {
  return self.is_markup() && parameters.Has(1) ? Escaped(heap, parameters[1]).text()
                                               : parameters.Text(1, " ");
}

Value CenterMethod(Heap& heap, const Value& self, const Arguments& arguments) {
  const Parameters parameters("center", arguments, {"width", "fillchar"}, 1);
  return heap.Text(
      Center(heap, self.text(), parameters.Integer(0, 0), FillOf(heap, self, parameters)));
}
Value JustifyLeft(Heap& heap, const Value& self, const Arguments& arguments) {
  const Parameters parameters("ljust", arguments, {"width", "fillchar"}, 1);
  return heap.Text(
      Fill(heap, self.text(), parameters.Integer(0, 0), FillOf(heap, self, parameters), NoneLeft));
}
Value JustifyRight(Heap& heap, const Value& self, const Arguments& arguments) {
  const Parameters parameters("rjust", arguments, {"width", "fillchar"}, 1);
  return heap.Text(
      Fill(heap, self.text(), parameters.Integer(0, 0), FillOf(heap, self, parameters), AllLeft));
}

Value ZeroFill(Heap& heap, const Value& self, const Arguments& arguments) {
  const Parameters parameters("zfill", arguments, {"width"}, 1);
  const std::string_view text = self.text();
  const int64_t width = parameters.Integer(0, 0);
  const bool is_signed = text.starts_with('-') || text.starts_with('+');
  if (!is_signed) return heap.Text(Fill(heap, text, width, "0", AllLeft));
  const int64_t rest = width > 0 ? width - 1 : 0;
  return heap.Text(text[0] + Fill(heap, text.substr(1), rest, "0", AllLeft));
}

struct Row {
  std::string_view name;
  MethodFunction method;
};

constexpr Row kMethods[] = {
    {"capitalize", Changed<Capitalize>},
    {"center", CenterMethod},
    {"isalnum", Tested<IsAlnumText>},
    {"isalpha", Tested<IsAlphaText>},
    {"isdigit", Tested<IsDigitText>},
    {"islower", Tested<IsLowerText>},
    {"isnumeric", Tested<IsNumericText>},
    {"isspace", Tested<IsSpaceText>},
    {"isupper", Tested<IsUpperText>},
    {"ljust", JustifyLeft},
    {"lower", Changed<ToLower>},
    {"rjust", JustifyRight},
    {"title", Changed<Title>},
    {"upper", Changed<ToUpper>},
    {"zfill", ZeroFill},
};

}  // namespace

MethodFunction FindCaseMethod(std::string_view name) noexcept {
  for (const Row& row : kMethods) {
    if (row.name == name) return row.method;
  }
  return nullptr;
}

std::string Capitalize(std::string_view text) {
  if (text.empty()) return {};
  const size_t size = CodePointBytes(text, 0);
  return TitleOf(text.substr(0, size)) + ToLower(text.substr(size));
}

bool IsAllUpper(std::string_view text) noexcept { return IsCased(text, IsUpper, IsLower); }
bool IsAllLower(std::string_view text) noexcept { return IsCased(text, IsLower, IsUpper); }

std::string Center(Heap& heap, std::string_view text, int64_t width, std::string_view fill) {
  // Python's rule for what cannot be halved.
  return Fill(heap, text, width, fill,
              [](uint64_t missing, uint64_t total) { return missing / 2 + (missing & total & 1); });
}

}  // namespace hlwq::text::jinja
