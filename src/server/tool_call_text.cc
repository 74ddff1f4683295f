#include "server/tool_call_text.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "server/tags.h"
#include "server/tool_schemas.h"

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;

// All that an object that is a call may have.
constexpr std::array<std::string_view, 5> kCallKeys = {"name", "arguments", "parameters", "type",
                                                       "id"};

// Without the fence of a code block.
std::string_view Unfenced(std::string_view text) noexcept {
  text = Trimmed(text);
  if (!text.starts_with("```")) return text;
  const size_t line = text.find('\n');
  text = line == text.npos ? text : text.substr(line + 1);
  if (text.ends_with("```")) text.remove_suffix(3);
  return Trimmed(text);
}

std::optional<ordered_json> ParsedJson(std::string_view text) {
  try {
    return ParseOrderedJson(text);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<ToolCall> FromJson(const ordered_json& call) {
  if (!call.is_object()) return std::nullopt;
  const auto name = call.find("name");
  if (name == call.end() || !name->is_string()) return std::nullopt;
  ToolCall parsed = {name->get<std::string>(), ordered_json::object()};
  for (const char* key : {"arguments", "parameters"}) {
    const auto given = call.find(key);
    if (given == call.end()) continue;
    std::optional<ordered_json> arguments = *given;
    if (given->is_string()) arguments = ParsedJson(given->get_ref<const std::string&>());
    if (!arguments || !(arguments->is_object() || arguments->is_null())) return std::nullopt;
    if (arguments->is_object()) parsed.arguments = std::move(*arguments);
    break;
  }
  return parsed;
}

// Whether a JSON object is a call and nothing else.
bool IsBareCall(const ordered_json& value, const ordered_json& tools) {
  if (!value.is_object()) return false;
  size_t arguments = 0;
  for (const auto& [key, inner] : value.items()) {
    if (key == "arguments" || key == "parameters") {
      ++arguments;
      if (inner.is_null()) return false;
    } else if (key == "name") {
      if (!inner.is_string() || FunctionOf(tools, inner.get<std::string>()) == nullptr)
        return false;
    } else if (!(key == "id" && inner.is_string()) && !(key == "type" && inner == "function")) {
      return false;
    }
  }
  return arguments == 1;
}

// Of the text after `tag` up to `end`, or to what else may follow it; moves `text` past it.
std::string_view Element(std::string_view& text, std::string_view end, std::string_view next) {
  const size_t stop = std::min(text.find(end), text.find(next));
  const std::string_view inside = text.substr(0, stop);
  text.remove_prefix(std::min(stop, text.size()));
  if (text.starts_with(end)) text.remove_prefix(end.size());
  return inside;
}

std::optional<ToolCall> FromElements(std::string_view text, const ordered_json& tools) {
  const size_t begin = text.find(kFunctionOpen);
  const size_t name_end = begin == text.npos ? text.npos : text.find('>', begin);
  if (name_end == text.npos) return std::nullopt;
  const size_t name_begin = begin + kFunctionOpen.size();
  ToolCall call = {std::string(Trimmed(text.substr(name_begin, name_end - name_begin))),
                   ordered_json::object()};
  if (call.name.empty()) return std::nullopt;
  text = text.substr(name_end + 1);
  text = text.substr(0, text.find(kFunctionClose));
  for (size_t at; (at = text.find(kParameterOpen)) != text.npos;) {
    text.remove_prefix(at + kParameterOpen.size());
    const size_t key_end = text.find('>');
    if (key_end == text.npos) break;
    const std::string key(Trimmed(text.substr(0, key_end)));
    text.remove_prefix(key_end + 1);
    std::string_view value = Element(text, kParameterClose, kParameterOpen);
    if (value.starts_with('\n')) value.remove_prefix(1);
    if (value.ends_with('\n')) value.remove_suffix(1);
    call.arguments[key] = ParameterValue(value, ParameterType(tools, call.name, key));
  }
  return call;
}

// Takes `character` and the blanks before it. False where something else comes.
bool TakeCharacter(std::string_view& text, char character) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  if (!text.starts_with(character)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

bool MayBecomeBareCalls(std::string_view text) noexcept {
  TakeCharacter(text, '[');
  if (!TakeCharacter(text, '{') || !TakeCharacter(text, '"')) return text.empty();
  return std::ranges::any_of(kCallKeys, [&](std::string_view key) {
    return text.starts_with(key) ? text.size() == key.size() || text[key.size()] == '"'
                                 : key.starts_with(text);
  });
}

ordered_json ParameterValue(std::string_view text, const std::string& type) {
  std::optional<ordered_json> parsed;
  if (type != "string") parsed = ParsedJson(text);
  return parsed ? std::move(*parsed) : ordered_json(std::string(text));
}

std::optional<ToolCall> ParseToolCall(std::string_view text, const ordered_json& tools) {
  if (const auto json = ParsedJson(Unfenced(text))) {
    if (auto call = FromJson(*json)) return call;
  }
  return FromElements(text, tools);
}

std::vector<ToolCall> ParseBareCalls(std::string_view text, const ordered_json& tools) {
  std::optional<ordered_json> given = ParsedJson(Trimmed(text));
  if (!given) return {};
  if (!given->is_array()) given = ordered_json::array({*given});
  std::vector<ToolCall> calls;
  for (const ordered_json& entry : *given) {
    std::optional<ToolCall> call;
    if (IsBareCall(entry, tools)) call = FromJson(entry);
    if (!call) return {};
    calls.push_back(std::move(*call));
  }
  return calls;
}

}  // namespace hlwq::server
