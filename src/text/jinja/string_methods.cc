// FindStringMethod of methods.h: the methods that take or give parts of strings. Those that test
// and change characters are in case_methods.cc.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/case_methods.h"
#include "text/jinja/format.h"
#include "text/jinja/heap.h"
#include "text/jinja/markup.h"
#include "text/jinja/methods.h"
#include "text/jinja/split.h"
#include "text/jinja/unicode.h"

namespace hlwq::text::jinja {
namespace {

// Of `self`, the code points [start, end) that two parameters name, and the byte where they start.
struct Part {
  std::string_view text;
  size_t first_byte = 0;
  bool is_empty_range = false;  // starts behind the end: holds not even the empty string
};

Part PartOf(Heap& heap, const Value& self, const Parameters& parameters) {
  const std::string_view text = self.text();
  heap.StepText(text.size());
  const auto count = static_cast<int64_t>(CountCodePoints(text));
  const auto bound = [&](size_t parameter, int64_t otherwise) {
    if (!parameters.IsSet(parameter)) return otherwise;
    const int64_t given = parameters.Integer(parameter, otherwise);
    return given < 0 ? std::max(given + count, int64_t{0}) : given;
  };
  const int64_t start = bound(1, 0);
  const int64_t end = std::min(bound(2, count), count);
  if (start > end) return {.is_empty_range = true};
  const size_t first = OffsetOf(text, static_cast<size_t>(start));
  const size_t size = OffsetOf(text.substr(first), static_cast<size_t>(end - start));
  return {.text = text.substr(first, size), .first_byte = first};
}

Value StripSidesOf(Heap& heap, std::string_view name, const Value& self, const Arguments& arguments,
                   StripSides sides) {
  const Parameters parameters(name, arguments, {"chars"});
  if (!parameters.IsSet(0)) {
    heap.StepText(self.text().size());
    return Value::String(StripSpace(self.text(), sides));
  }
  const std::string_view chars = parameters.Text(0, {});
  heap.StepText(self.text().size() * (1 + chars.size() / 8));
  return Value::String(Strip(self.text(), chars, sides));
}

Value StripBoth(Heap& heap, const Value& self, const Arguments& arguments) {
  return StripSidesOf(heap, "strip", self, arguments, {});
}
Value StripLeft(Heap& heap, const Value& self, const Arguments& arguments) {
  return StripSidesOf(heap, "lstrip", self, arguments, {.right = false});
}
Value StripRight(Heap& heap, const Value& self, const Arguments& arguments) {
  return StripSidesOf(heap, "rstrip", self, arguments, {.left = false});
}

// startswith and endswith take one string or a tuple of them.
template <typename Matches>
Value MatchesEnd(Heap& heap, std::string_view name, const Value& self, const Arguments& arguments,
                 const Matches& matches) {
  const Parameters parameters(name, arguments, {"prefix", "start", "end"}, 1);
  const Part part = PartOf(heap, self, parameters);
  const auto fits = [&](const Value& affix) {
    if (!affix.Is(Kind::kString)) {
      Fail(fmt::format("{}() wants a str or a tuple of str, got {}", name, TypeName(affix.kind())));
    }
    heap.StepText(affix.text().size());
    return !part.is_empty_range && matches(part.text, affix.text());
  };
  if (!parameters[0].Is(Kind::kTuple)) return Value::Bool(fits(parameters[0]));
  return Value::Bool(std::ranges::any_of(parameters[0].as<Sequence>().items, fits));
}

Value StartsWith(Heap& heap, const Value& self, const Arguments& arguments) {
  return MatchesEnd(
      heap, "startswith", self, arguments,
      [](std::string_view text, std::string_view affix) { return text.starts_with(affix); });
}
Value EndsWith(Heap& heap, const Value& self, const Arguments& arguments) {
  return MatchesEnd(
      heap, "endswith", self, arguments,
      [](std::string_view text, std::string_view affix) { return text.ends_with(affix); });
}

// Code point index of the first or last occurrence; -1 when there is none.
int64_t IndexOf(Heap& heap, std::string_view name, const Value& self, const Arguments& arguments,
                bool is_last) {
  const Parameters parameters(name, arguments, {"sub", "start", "end"}, 1);
  const Part part = PartOf(heap, self, parameters);
  const std::string_view sought = parameters.Text(0, {});
  if (part.is_empty_range) return -1;
  const size_t found = is_last ? part.text.rfind(sought) : part.text.find(sought);
  if (found == part.text.npos) return -1;
  return static_cast<int64_t>(CountCodePoints(self.text().substr(0, part.first_byte + found)));
}

Value Find(Heap& heap, const Value& self, const Arguments& arguments) {
  return Value::Integer(IndexOf(heap, "find", self, arguments, false));
}
Value FindLast(Heap& heap, const Value& self, const Arguments& arguments) {
  return Value::Integer(IndexOf(heap, "rfind", self, arguments, true));
}
Value Index(Heap& heap, const Value& self, const Arguments& arguments) {
  const int64_t index = IndexOf(heap, "index", self, arguments, false);
  if (index < 0) Fail("substring not found");
  return Value::Integer(index);
}
Value IndexLast(Heap& heap, const Value& self, const Arguments& arguments) {
  const int64_t index = IndexOf(heap, "rindex", self, arguments, true);
  if (index < 0) Fail("substring not found");
  return Value::Integer(index);
}

Value Count(Heap& heap, const Value& self, const Arguments& arguments) {
  const Parameters parameters("count", arguments, {"sub", "start", "end"}, 1);
  const Part part = PartOf(heap, self, parameters);
  const std::string_view sought = parameters.Text(0, {});
  if (part.is_empty_range) return Value::Integer(0);
  if (sought.empty()) {
    return Value::Integer(static_cast<int64_t>(CountCodePoints(part.text)) + 1);
  }
  int64_t count = 0;
  for (size_t at = part.text.find(sought); at != part.text.npos;
       at = part.text.find(sought, at + sought.size())) {
    ++count;
  }
  return Value::Integer(count);
}

Value ReplaceAll(Heap& heap, const Value& self, const Arguments& arguments) {
  const Parameters parameters("replace", arguments, {"old", "new", "count"}, 2);
  const std::string_view replacement =
      self.is_markup() ? Escaped(heap, parameters[1]).text() : parameters.Text(1, {});
  return heap.Text(
      Replace(heap, self.text(), parameters.Text(0, {}), replacement, parameters.Integer(2, -1)));
}

Value SplitSide(Heap& heap, std::string_view name, const Value& self, const Arguments& arguments,
                bool is_from_right) {
  const Parameters parameters(name, arguments, {"sep", "maxsplit"});
  const int64_t most = parameters.Integer(1, -1);
  std::vector<Value> parts;
  if (!parameters.IsSet(0)) {
    parts = SplitSpace(heap, self.text(), most, is_from_right);
  } else {
    const std::string_view separator = parameters.Text(0, {});
    if (separator.empty()) Fail("empty separator");
    parts = Split(heap, self.text(), separator, most, is_from_right);
  }
  return heap.List(std::move(parts));
}

Value SplitLeft(Heap& heap, const Value& self, const Arguments& arguments) {
  return SplitSide(heap, "split", self, arguments, false);
}
Value SplitRight(Heap& heap, const Value& self, const Arguments& arguments) {
  return SplitSide(heap, "rsplit", self, arguments, true);
}

Value SplitIntoLines(Heap& heap, const Value& self, const Arguments& arguments) {
  const Parameters parameters("splitlines", arguments, {"keepends"});
  return heap.List(SplitLines(heap, self.text(), parameters.IsTrue(0, false)));
}

Value PartitionSide(Heap& heap, std::string_view name, const Value& self,
                    const Arguments& arguments, bool is_from_right) {
  const std::string_view separator = Parameters(name, arguments, {"sep"}, 1).Text(0, {});
  if (separator.empty()) Fail("empty separator");
  const std::string_view text = self.text();
  heap.StepText(text.size());
  const size_t at = is_from_right ? text.rfind(separator) : text.find(separator);
  const Value nothing = Value::String("");
  if (at == text.npos) {
    return heap.Tuple(is_from_right ? std::vector<Value>{nothing, nothing, self}
                                    : std::vector<Value>{self, nothing, nothing});
  }
  return heap.Tuple({Value::String(text.substr(0, at)), Value::String(separator),
                     Value::String(text.substr(at + separator.size()))});
}

Value Partition(Heap& heap, const Value& self, const Arguments& arguments) {
  return PartitionSide(heap, "partition", self, arguments, false);
}
Value PartitionRight(Heap& heap, const Value& self, const Arguments& arguments) {
  return PartitionSide(heap, "rpartition", self, arguments, true);
}

Value RemovePrefix(Heap&, const Value& self, const Arguments& arguments) {
  const std::string_view prefix = Parameters("removeprefix", arguments, {"prefix"}, 1).Text(0, {});
  const std::string_view text = self.text();
  return Value::String(text.starts_with(prefix) ? text.substr(prefix.size()) : text);
}
Value RemoveSuffix(Heap&, const Value& self, const Arguments& arguments) {
  const std::string_view suffix = Parameters("removesuffix", arguments, {"suffix"}, 1).Text(0, {});
  const std::string_view text = self.text();
  return Value::String(text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text);
}

Value Join(Heap& heap, const Value& self, const Arguments& arguments) {
  const Parameters parameters("join", arguments, {"iterable"}, 1);
  std::string joined;
  bool is_first = true;
  for (Value item : Items(heap, parameters[0], "can only join an iterable, got {}")) {
    if (self.is_markup()) item = Escaped(heap, item);
    if (!item.Is(Kind::kString)) {
      Fail(fmt::format("join() wants str items, got {}", TypeName(item.kind())));
    }
    heap.StepText(item.text().size() + self.text().size());
    heap.Reserve(joined.size() + item.text().size() + self.text().size());
    if (!is_first) joined += self.text();
    is_first = false;
    joined += item.text();
  }
  return heap.Text(std::move(joined));
}

Value Format(Heap& heap, const Value& self, const Arguments& arguments) {
  return FormatBraces(heap, self, arguments);
}

struct Row {
  std::string_view name;
  MethodFunction method;
};

constexpr Row kMethods[] = {
    {"count", Count},
    {"endswith", EndsWith},
    {"find", Find},
    {"format", Format},
    {"index", Index},
    {"join", Join},
    {"lstrip", StripLeft},
    {"partition", Partition},
    {"removeprefix", RemovePrefix},
    {"removesuffix", RemoveSuffix},
    {"replace", ReplaceAll},
    {"rfind", FindLast},
    {"rindex", IndexLast},
    {"rpartition", PartitionRight},
    {"rsplit", SplitRight},
    {"rstrip", StripRight},
    {"split", SplitLeft},
    {"splitlines", SplitIntoLines},
    {"startswith", StartsWith},
    {"strip", StripBoth},
};

}  // namespace

MethodFunction FindStringMethod(std::string_view name) noexcept {
  for (const Row& row : kMethods) {
    if (row.name == name) return row.method;
  }
  return FindCaseMethod(name);
}

}  // namespace hlwq::text::jinja
