#include "constrain/formats.h"

#include <fmt/format.h>

#include <utility>

namespace hlwq::constrain {
namespace {

// Models that write JSON without end like to write blanks.
constexpr int kMostBlanks = 20;

// Strings of bounded length by a pattern: the library's own way of it lets control characters through, which are no
// JSON. As there, such strings have no quotes and no backslashes.
void BoundByPatterns(Format& schema) {
  if (schema.is_array()) {
    for (Format& inner : schema) BoundByPatterns(inner);
  }
  if (!schema.is_object()) return;
  for (const auto& [key, inner] : schema.items()) {
    const bool is_value = key == "enum" || key == "const" || key == "default" || key == "examples";
    if (!is_value) BoundByPatterns(inner);
  }
  const auto bound = [&](const char* key) {
    const auto found = schema.find(key);
    return found != schema.end() && found->is_number_unsigned() ? found->dump() : "";
  };
  const std::string least = bound("minLength"), most = bound("maxLength");
  if ((least.empty() && most.empty()) || schema.contains("pattern") || schema.contains("format"))
    return;
  schema["pattern"] =
      fmt::format(R"(^[^"\\\x00-\x1f]{{{},{}}}$)", least.empty() ? "0" : least, most);
}

}  // namespace

Format AsJson(const nlohmann::ordered_json& schema) {
  Format bounded = schema;
  BoundByPatterns(bounded);
  return {{"type", "json_schema"},
          {"json_schema", std::move(bounded)},
          {"max_whitespace_cnt", kMostBlanks}};
}

Format AsGrammar(const std::string& rules) { return {{"type", "grammar"}, {"grammar", rules}}; }
Format AsRegex(const std::string& pattern) { return {{"type", "regex"}, {"pattern", pattern}}; }
Format AsText(const std::string& text) { return {{"type", "const_string"}, {"value", text}}; }
Format AnyText() { return {{"type", "any_text"}}; }

Format OneOf(std::vector<Format> formats) {
  return {{"type", "or"}, {"elements", std::move(formats)}};
}

Format InSequence(std::vector<Format> formats) {
  return {{"type", "sequence"}, {"elements", std::move(formats)}};
}

Format AfterThinking(const Format& format, const ThinkingForm& thinking) {
  if (!thinking.is_open && !thinking.may_open) return format;
  Format thoughts = AnyText();
  if (thinking.most_tokens) thoughts["max_tokens"] = *thinking.most_tokens;
  const Format tag = {{"type", "tag"},
                      {"begin", thinking.is_open ? "" : "<think>"},
                      {"content", std::move(thoughts)},
                      {"end", "</think>"}};
  const Format answer = InSequence({tag, AsRegex("\\n{0,2}"), format});
  return thinking.is_open ? answer : OneOf({answer, format});
}

}  // namespace hlwq::constrain
