#include "server/openai/constraints.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "constrain/formats.h"
#include "constrain/tool_formats.h"

namespace hlwq::server {
namespace {

using constrain::Format;
using nlohmann::ordered_json;

constexpr size_t kMostStrings = 1000;
constexpr uint64_t kMostThinking = uint64_t{1} << 31;

// A form, and the field that asks for it.
struct Asked {
  const char* param;
  Format format;
};

// A schema, which may come as text.
Format SchemaForm(const ordered_json& value, const char* param) {
  if (value.is_object() || value.is_boolean()) return constrain::AsJson(value);
  if (value.is_string()) {
    const auto parsed = TryParseOrderedJson(value.get_ref<const std::string&>());
    if (parsed.is_object() || parsed.is_boolean()) return constrain::AsJson(parsed);
  }
  throw BadRequest{fmt::format("'{}': want a JSON schema, got {}", param, ShortOf(value)), param};
}

Format TextForm(const ordered_json& value, const char* param, Format (*make)(const std::string&)) {
  if (value.is_string()) return make(value.get_ref<const std::string&>());
  throw BadRequest{fmt::format("'{}': want a string, got {}", param, ShortOf(value)), param};
}

Format ChoiceForm(const ordered_json& value, const char* param) {
  std::vector<Format> choices;
  for (const ordered_json& choice : value.is_array() ? value : ordered_json::array()) {
    if (choice.is_string()) choices.push_back(constrain::AsText(choice.get<std::string>()));
  }
  if (choices.empty() || choices.size() != value.size() || choices.size() > kMostStrings) {
    throw BadRequest{
        fmt::format("'{}': want up to {} strings, got {}", param, kMostStrings, ShortOf(value)),
        param};
  }
  return constrain::OneOf(std::move(choices));
}

Format JsonObject() { return constrain::AsJson({{"type", "object"}}); }

// OpenAI's. In its other API what belongs to the schema lies flat.
std::optional<Format> ResponseForm(const ordered_json& value) {
  constexpr const char* kParam = "response_format";
  const Fields fields(value);
  const std::string type = fields.Text("type").value_or("text");
  const auto need = [&](const Fields& of, const char* name) -> const ordered_json& {
    const ordered_json* found = of.Find(name);
    if (found != nullptr) return *found;
    throw BadRequest{fmt::format("'{}': want '{}' with type \"{}\", got none", kParam, name, type),
                     kParam};
  };
  if (type == "text") return std::nullopt;
  if (type == "json_object") {
    // llama.cpp's own way of giving a schema.
    const ordered_json* schema = fields.Find("schema");
    return schema == nullptr ? JsonObject() : SchemaForm(*schema, kParam);
  }
  if (type == "json_schema") {
    const ordered_json* inner = fields.Find("json_schema");
    return SchemaForm(inner != nullptr && inner->is_object() && inner->contains("schema")
                          ? (*inner)["schema"]
                      : inner != nullptr ? *inner
                                         : need(fields, "schema"),
                      kParam);
  }
  if (type == "regex") return TextForm(need(fields, "pattern"), kParam, constrain::AsRegex);
  if (type == "grammar") return TextForm(need(fields, "grammar"), kParam, constrain::AsGrammar);
  if (type == "structural_tag") return need(fields, "format");
  throw BadRequest{
      fmt::format("'{}': want type \"text\", \"json_object\", \"json_schema\", \"regex\", "
                  "\"grammar\" or \"structural_tag\", got \"{}\"",
                  kParam, type.substr(0, 40)),
      kParam};
}

// By the name of what is asked for; `json`, `regex`, ... of vLLM.
void AddGuided(const Fields& fields, const std::array<const char*, 4>& names,
               std::vector<Asked>& asked) {
  const auto& [json, regex, choice, grammar] = names;
  if (const auto* value = fields.Find(json)) asked.push_back({json, SchemaForm(*value, json)});
  if (const auto* value = fields.Find(regex))
    asked.push_back({regex, TextForm(*value, regex, constrain::AsRegex)});
  if (const auto* value = fields.Find(choice))
    asked.push_back({choice, ChoiceForm(*value, choice)});
  if (const auto* value = fields.Find(grammar))
    asked.push_back({grammar, TextForm(*value, grammar, constrain::AsGrammar)});
}

// The one that the request asks for.
std::optional<Asked> AskedForm(const Fields& fields) {
  std::vector<Asked> asked;
  if (const ordered_json* format = fields.Find("response_format")) {
    if (auto form = ResponseForm(*format)) asked.push_back({"response_format", std::move(*form)});
  }
  if (const ordered_json* schema = fields.Find("json_schema"))
    asked.push_back({"json_schema", SchemaForm(*schema, "json_schema")});
  AddGuided(fields, {"guided_json", "guided_regex", "guided_choice", "guided_grammar"}, asked);
  if (const ordered_json* grammar = fields.Find("grammar"))
    asked.push_back({"grammar", TextForm(*grammar, "grammar", constrain::AsGrammar)});
  if (const ordered_json* outputs = fields.Find("structured_outputs")) {
    const Fields inner(*outputs);
    AddGuided(inner, {"json", "regex", "choice", "grammar"}, asked);
    if (inner.Switch("json_object", false)) asked.push_back({"json_object", JsonObject()});
  }
  if (asked.empty()) return std::nullopt;
  if (asked.size() > 1) {
    throw BadRequest{
        fmt::format("'{}' and '{}': want one form for the answer", asked[0].param, asked[1].param),
        asked[1].param};
  }
  return std::move(asked.front());
}

// Functions of the tools; of each name the first.
std::vector<constrain::Function> FunctionsOf(const ordered_json& tools) {
  std::vector<constrain::Function> functions;
  for (const ordered_json& tool : tools) {
    if (!tool.is_object() || !tool.contains("function")) continue;
    const Fields function(tool["function"]);
    const std::string name = function.Text("name").value_or("");
    const auto has_name = [&](const auto& other) { return other.name == name; };
    if (name.empty() || std::ranges::any_of(functions, has_name)) continue;
    const ordered_json* schema = function.Find("parameters");
    const bool is_bound = schema != nullptr && schema->is_object() && !schema->empty() &&
                          function.Switch("strict", true);
    functions.push_back({name, is_bound ? *schema : ordered_json{{"type", "object"}}});
  }
  return functions;
}

// What `tool_choice` forces: all functions, one, or nothing (empty).
std::vector<constrain::Function> ForcedOf(const Fields& fields,
                                          const std::vector<constrain::Function>& functions) {
  constexpr const char* kParam = "tool_choice";
  const ordered_json* choice = fields.Find(kParam);
  if (choice == nullptr || *choice == "auto" || *choice == "none") return {};
  if (*choice == "required") {
    if (!functions.empty()) return functions;
    throw BadRequest{"'tool_choice': \"required\" wants tools, got none", kParam};
  }
  std::string name;
  if (choice->is_object()) {
    const ordered_json* function = choice->contains("function") ? &(*choice)["function"] : choice;
    if (function->is_object()) name = Fields(*function).Text("name").value_or("");
  }
  const auto found = std::ranges::find(functions, name, &constrain::Function::name);
  if (found != functions.end()) return {*found};
  throw BadRequest{
      fmt::format(
          "'tool_choice': want \"auto\", \"none\", \"required\" or a function of the tools, got {}",
          name.empty() ? ShortOf(*choice) : "'" + name.substr(0, 40) + "'"),
      kParam};
}

std::optional<size_t> ThinkingTokens(const Fields& fields) {
  for (const char* name : {"thinking_budget", "thinking_budget_tokens", "reasoning_budget"}) {
    const ordered_json* value = fields.Find(name);
    if (value == nullptr || *value == -1) continue;  // llama.cpp: as many as it likes
    return fields.Whole(name, 0, kMostThinking);
  }
  return std::nullopt;
}

std::shared_ptr<const constrain::Grammar> Compiled(const constrain::Compiler& compiler,
                                                   const Format& format, const char* param) {
  try {
    return compiler.Compile(format);
  } catch (const Error& error) {
    const bool is_absent = error.code() == ErrorCode::kUnsupported;
    throw BadRequest{fmt::format("'{}': {}", param, error.what()), param,
                     is_absent ? "unsupported" : "invalid_value"};
  }
}

}  // namespace

AnswerForms::AnswerForms(const chat::TextModel& model)
    : compiler_(model.tokenizer(), model.config().sizes.vocab, model.DefaultOptions().eos) {
  std::string source;
  try {
    source = model.chat_format().source;
  } catch (const Error&) {  // a model without one completes texts
  }
  writing_.style = constrain::ToolStyleOf(source);
  writing_.mistral_mark = model.tokenizer().IdOf("[TOOL_CALLS]");
  thinks_ = source.find("<think>") != source.npos;
}

std::shared_ptr<const constrain::Grammar> AnswerForms::OfCompletion(const Fields& fields) const {
  const std::optional<Asked> asked = AskedForm(fields);
  return asked ? Compiled(compiler_, asked->format, asked->param) : nullptr;
}

AnswerForm AnswerForms::OfChat(const Fields& fields, const ordered_json& tools,
                               bool is_thinking) const {
  const std::optional<Asked> asked = AskedForm(fields);
  std::vector<constrain::Function> functions = FunctionsOf(tools);
  const std::vector<constrain::Function> forced = ForcedOf(fields, functions);
  const std::optional<size_t> most_thinking = ThinkingTokens(fields);
  constrain::ToolWriting writing = writing_;
  writing.is_parallel = fields.Switch("parallel_tool_calls", true);
  const constrain::ThinkingForm thinking = {
      .is_open = is_thinking, .may_open = thinks_, .most_tokens = most_thinking};
  const auto compiled = [&](const Format& format, const char* param) {
    return Compiled(compiler_, constrain::AfterThinking(format, thinking), param);
  };
  if (!forced.empty()) {
    return {.grammar = compiled(constrain::CallsOf(forced, writing), "tools"),
            .bound = writing.style};
  }
  const auto with_calls = constrain::TextWithCallsOf;
  const bool are_told_apart = !functions.empty() && with_calls(functions, writing).has_value();
  if (asked) {
    // JSON is then an answer, whatever it names. Texts of other forms may be calls, or begin as they do.
    const bool is_json =
        asked->format.is_object() && asked->format.value("type", Format()) == "json_schema";
    AnswerForm form = {.may_call = are_told_apart || !is_json, .may_be_bare = !is_json};
    if (are_told_apart && is_json) form.bound = writing.style;
    const Format format =
        are_told_apart ? constrain::OneOf({constrain::CallsOf(functions, writing), asked->format})
                       : asked->format;
    form.grammar = compiled(format, asked->param);
    return form;
  }
  if (constrain::IsAvailable() && are_told_apart) {
    // Tools whose schemas are beyond the library are called all the same, with any JSON.
    AnswerForm form = {.bound = writing.style};
    try {
      form.grammar = compiled(*with_calls(functions, writing), "tools");
      return form;
    } catch (const BadRequest&) {
      for (constrain::Function& function : functions) function.parameters = {{"type", "object"}};
    }
    form.grammar = compiled(*with_calls(functions, writing), "tools");
    return form;
  }
  const bool can_think = thinking.is_open || thinking.may_open;
  if (most_thinking && can_think)
    return {.grammar = compiled(constrain::AnyText(), "thinking_budget")};
  return {};
}

}  // namespace hlwq::server
