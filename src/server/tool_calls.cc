#include "server/tool_calls.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "server/reply.h"
#include "server/tags.h"

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kCallOpen = "<tool_call>", kCallClose = "</tool_call>";
constexpr std::string_view kFunction = "<function=", kFunctionEnd = "</function>";
constexpr std::string_view kParameter = "<parameter=", kParameterEnd = "</parameter>";

std::string_view Trimmed(std::string_view text) noexcept {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

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
  ToolCall parsed = {RandomId("call_"), name->get<std::string>(), ordered_json::object()};
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

// What the request says of a function; null where it does not name it.
const ordered_json* FunctionOf(const ordered_json& tools, const std::string& name) {
  for (const ordered_json& tool : tools) {
    if (!tool.is_object()) continue;
    const auto function = tool.find("function");
    if (function == tool.end() || !function->is_object()) continue;
    if (function->value("name", ordered_json()) == name) return &*function;
  }
  return nullptr;
}

// The type that the schema of a tool gives a parameter; "string" where it does not say.
std::string TypeOf(const ordered_json& tools, const std::string& tool,
                   const std::string& parameter) {
  const ordered_json* function = FunctionOf(tools, tool);
  const auto pointer = ordered_json::json_pointer("/parameters/properties") / parameter / "type";
  if (function == nullptr || !function->contains(pointer)) return "string";
  const ordered_json& type = function->at(pointer);
  return type.is_string() ? type.get<std::string>() : "any";
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
  const size_t begin = text.find(kFunction);
  const size_t name_end = begin == text.npos ? text.npos : text.find('>', begin);
  if (name_end == text.npos) return std::nullopt;
  const size_t name_begin = begin + kFunction.size();
  ToolCall call = {RandomId("call_"),
                   std::string(Trimmed(text.substr(name_begin, name_end - name_begin))),
                   ordered_json::object()};
  if (call.name.empty()) return std::nullopt;
  text = text.substr(name_end + 1);
  text = text.substr(0, text.find(kFunctionEnd));
  for (size_t at; (at = text.find(kParameter)) != text.npos;) {
    text.remove_prefix(at + kParameter.size());
    const size_t key_end = text.find('>');
    if (key_end == text.npos) break;
    const std::string key(Trimmed(text.substr(0, key_end)));
    text.remove_prefix(key_end + 1);
    std::string_view value = Element(text, kParameterEnd, kParameter);
    if (value.starts_with('\n')) value.remove_prefix(1);
    if (value.ends_with('\n')) value.remove_suffix(1);
    std::optional<ordered_json> parsed;
    if (TypeOf(tools, call.name, key) != "string") parsed = ParsedJson(value);
    call.arguments[key] = parsed ? std::move(*parsed) : ordered_json(std::string(value));
  }
  return call;
}

}  // namespace

std::optional<ToolCall> ParseToolCall(std::string_view text, const ordered_json& tools) {
  if (const auto json = ParsedJson(Unfenced(text))) {
    if (auto call = FromJson(*json)) return call;
  }
  return FromElements(text, tools);
}

void ToolCallSplitter::Take(std::string_view text, std::string_view inside, TextAndCalls& to) {
  if (auto call = ParseToolCall(inside, tools_)) {
    to.calls.push_back(std::move(*call));
    is_after_call_ = true;
  } else {
    to.content += text;
  }
}

bool ToolCallSplitter::TakeJson(std::string_view text, TextAndCalls& to) const {
  std::optional<ordered_json> given = ParsedJson(Trimmed(text));
  if (!given) return false;
  if (!given->is_array()) given = ordered_json::array({*given});
  std::vector<ToolCall> calls;
  for (const ordered_json& entry : *given) {
    std::optional<ToolCall> call = FromJson(entry);
    if (!call || FunctionOf(tools_, call->name) == nullptr) return false;
    calls.push_back(std::move(*call));
  }
  to.calls = std::move(calls);
  return !to.calls.empty();
}

TextAndCalls ToolCallSplitter::Push(std::string_view text) {
  TextAndCalls result;
  if (tools_.empty()) {
    result.content = text;
    return result;
  }
  held_ += text;
  if (state_ == State::kStart) {
    const size_t first = held_.find_first_not_of(kBlanks);
    if (first == held_.npos) return result;
    const bool is_json = held_[first] == '{' || held_[first] == '[';
    state_ = is_json ? State::kJson : State::kText;
  }
  if (state_ == State::kJson) return result;
  while (true) {
    if (is_after_call_) {
      held_.erase(0, std::min(held_.find_first_not_of(kBlanks), held_.size()));
      if (held_.empty()) return result;
      is_after_call_ = false;
    }
    const std::string_view held = held_;
    const size_t open = std::min(held.find(kCallOpen), held.size() - PartialTag(held, kCallOpen));
    // Blanks before a call belong to neither; those before other text do.
    const size_t certain = held.substr(0, open).find_last_not_of(kBlanks) + 1;
    result.content += held.substr(0, certain);
    const size_t inside = open + kCallOpen.size();
    const size_t close = held.find(kCallClose, inside);
    if (close == held.npos) {
      held_.erase(0, certain);
      return result;
    }
    const size_t end = close + kCallClose.size();
    Take(held.substr(certain, end - certain), held.substr(inside, close - inside), result);
    held_.erase(0, end);
  }
}

TextAndCalls ToolCallSplitter::Finish() {
  TextAndCalls result;
  const std::string held = std::exchange(held_, {});
  if (state_ == State::kJson && TakeJson(held, result)) return result;
  const size_t open = held.find(kCallOpen);
  if (open == held.npos) {
    result.content = held;
  } else {
    Take(held, std::string_view(held).substr(open + kCallOpen.size()), result);
  }
  return result;
}

}  // namespace hlwq::server
