// What the parts of an answer say together, and texts in pieces.
#pragma once

#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/utf8.h"
#include "server/answer_parts.h"

namespace hlwq::test {

struct SaidCall {
  std::string name, arguments;
  bool is_whole = false;
  bool operator==(const SaidCall&) const = default;
};

struct Said {
  std::string reasoning, content;
  std::vector<SaidCall> calls;
  // The order: r, t and c for what it thinks, for text and for a call.
  std::string order;
  bool operator==(const Said&) const = default;

  void Add(const server::Parts& parts) {
    for (const server::Part& part : parts) {
      if (const auto* thought = std::get_if<server::Reasoning>(&part)) {
        reasoning += thought->text;
        Note('r');
      } else if (const auto* text = std::get_if<server::Content>(&part)) {
        content += text->text;
        Note('t');
      } else if (const auto* begin = std::get_if<server::CallBegin>(&part)) {
        calls.push_back({begin->name, "", false});
        order += 'c';
      } else if (const auto* arguments = std::get_if<server::CallArguments>(&part)) {
        calls.back().arguments += arguments->json;
      } else if (const auto* end = std::get_if<server::CallEnd>(&part)) {
        calls.back().is_whole = end->is_whole;
      }
    }
  }

 private:
  void Note(char kind) {
    if (!order.ends_with(kind)) order += kind;
  }
};

// Cut between characters, at random.
inline std::vector<std::string> RandomPieces(std::string_view text, unsigned seed) {
  std::mt19937 random(seed);
  const unsigned most = 1 + random() % 40;
  std::vector<std::string> pieces;
  while (!text.empty()) {
    size_t size = std::min<size_t>(1 + random() % most, text.size());
    while (size < text.size() && !BeginsCharacter(text[size])) ++size;
    pieces.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return pieces;
}

}  // namespace hlwq::test
