// What an answer is made of, in the order in which the model writes it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace hlwq::server {

// What the model thinks.
struct Reasoning {
  std::string text;
};
// What it says.
struct Content {
  std::string text;
};
// A call of a tool, which comes in these three, and nothing else between them. The pieces of its arguments
// make an object in JSON without blanks; one that was cut off makes the beginning of one.
struct CallBegin {
  std::string id;  // "call_1234...", made here
  std::string name;
};
struct CallArguments {
  std::string json;
};
struct CallEnd {
  bool is_whole = true;
};

using Part = std::variant<Reasoning, Content, CallBegin, CallArguments, CallEnd>;
using Parts = std::vector<Part>;

// Adds text to what the model says.
inline void AddContent(std::string_view text, Parts& to) {
  if (text.empty()) return;
  if (Content* last = to.empty() ? nullptr : std::get_if<Content>(&to.back())) {
    last->text += text;
  } else {
    to.emplace_back(Content{std::string(text)});
  }
}

}  // namespace hlwq::server
