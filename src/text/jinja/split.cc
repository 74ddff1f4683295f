#include "text/jinja/split.h"

#include <algorithm>
#include <limits>

#include "text/jinja/heap.h"
#include "text/jinja/unicode.h"

namespace hlwq::text::jinja {
namespace {

uint64_t Limit(int64_t most) {
  return most < 0 ? std::numeric_limits<uint64_t>::max() : static_cast<uint64_t>(most);
}

bool IsLineEnd(char32_t code_point) {
  return (code_point >= 0x0A && code_point <= 0x0D) || (code_point >= 0x1C && code_point <= 0x1E) ||
         code_point == 0x85 || code_point == 0x2028 || code_point == 0x2029;
}

// A part more of a list that is being made.
void Put(Heap& heap, std::vector<Value>& parts, std::string_view text) {
  heap.Step();
  heap.Reserve(2 * (parts.size() + 1) * sizeof(Value));
  parts.push_back(Value::String(text));
}

}  // namespace

std::vector<Value> Split(Heap& heap, std::string_view text, std::string_view separator,
                         int64_t most, bool is_from_right) {
  heap.StepText(text.size());
  std::vector<Value> parts;
  for (uint64_t left = Limit(most); left > 0; --left) {
    const size_t at = is_from_right ? text.rfind(separator) : text.find(separator);
    if (at == text.npos) break;
    const size_t after = at + separator.size();
    Put(heap, parts, is_from_right ? text.substr(after) : text.substr(0, at));
    text = is_from_right ? text.substr(0, at) : text.substr(after);
  }
  Put(heap, parts, text);
  if (is_from_right) std::ranges::reverse(parts);
  return parts;
}

std::vector<Value> SplitSpace(Heap& heap, std::string_view text, int64_t most, bool is_from_right) {
  heap.StepText(text.size());
  const StripSides near = {.left = !is_from_right, .right = is_from_right};
  std::vector<Value> parts;
  text = StripSpace(text, near);
  for (uint64_t left = Limit(most); left > 0 && !text.empty(); --left) {
    size_t start = 0;
    size_t end = text.size();
    if (is_from_right) {
      for (start = end; start > 0;) {
        const size_t previous = PreviousCodePoint(text, start);
        if (IsSpace(CodePointAt(text, previous))) break;
        start = previous;
      }
    } else {
      for (end = 0; end < text.size() && !IsSpace(CodePointAt(text, end));) {
        end += CodePointBytes(text, end);
      }
    }
    Put(heap, parts, text.substr(start, end - start));
    text = StripSpace(is_from_right ? text.substr(0, start) : text.substr(end), near);
  }
  if (!text.empty()) Put(heap, parts, text);
  if (is_from_right) std::ranges::reverse(parts);
  return parts;
}

std::vector<Value> SplitLines(Heap& heap, std::string_view text, bool keeps_ends) {
  heap.StepText(text.size());
  std::vector<Value> lines;
  while (!text.empty()) {
    size_t end = 0;
    while (end < text.size() && !IsLineEnd(CodePointAt(text, end))) {
      end += CodePointBytes(text, end);
    }
    size_t next = end;
    if (end < text.size()) {
      next += text.substr(end).starts_with("\r\n") ? 2 : CodePointBytes(text, end);
    }
    Put(heap, lines, text.substr(0, keeps_ends ? next : end));
    text.remove_prefix(next);
  }
  return lines;
}

std::string Replace(Heap& heap, std::string_view text, std::string_view old,
                    std::string_view replacement, int64_t most) {
  heap.StepText(text.size());
  std::string replaced;
  const auto put = [&](std::string_view part) {
    heap.StepText(part.size());
    heap.Reserve(replaced.size() + part.size());
    replaced += part;
  };
  uint64_t left = Limit(most);
  size_t at = 0;
  if (old.empty()) {
    while (left > 0) {
      put(replacement);
      --left;
      if (at == text.size()) return replaced;
      const size_t size = CodePointBytes(text, at);
      put(text.substr(at, size));
      at += size;
    }
  } else {
    for (; left > 0; --left) {
      const size_t found = text.find(old, at);
      if (found == text.npos) break;
      put(text.substr(at, found - at));
      put(replacement);
      at = found + old.size();
    }
  }
  put(text.substr(at));
  return replaced;
}

}  // namespace hlwq::text::jinja
