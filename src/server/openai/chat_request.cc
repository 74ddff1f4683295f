#include "server/openai/chat_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "server/openai/ordered_roles.h"
#include "server/openai/sampling.h"
#include "server/thinking.h"

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;

constexpr uint64_t kMostTopLogprobs = 20;
constexpr size_t kMostMessages = 100000;
constexpr size_t kMostAnswers = 128;  // of one request

// The text of a content: itself, or that of its parts.
std::string TextOf(const ordered_json& content, const std::string& where, Speaker speaker) {
  if (content.is_null()) return "";
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) {
    throw BadRequest{fmt::format("'{}.content': want a string or a list of parts, got {}", where,
                                 ShortOf(content)),
                     where + ".content"};
  }
  std::string text;
  for (const ordered_json& part : content) {
    const Fields fields(part);
    const std::string type = fields.Text("type").value_or("text");
    const bool is_text = type == "text" || type == "input_text" || type == "output_text";
    if (!is_text && speaker != Speaker::kTool) {
      throw BadRequest{fmt::format("'{}.content': a part of type '{}' cannot be used: this model "
                                   "takes text only",
                                   where, type.substr(0, 40)),
                       where + ".content", "unsupported_content"};
    }
    if (!text.empty()) text += '\n';
    text += is_text ? fields.Text("text").value_or("") : LeftOut(type);
  }
  return text;
}

// Templates want the arguments of a call as an object; one that does not parse stays the text that it is.
void OpenArguments(ordered_json& message) {
  const auto calls = message.find("tool_calls");
  if (calls == message.end() || !calls->is_array()) return;
  for (ordered_json& call : *calls) {
    if (!call.is_object() || !call.contains("function") || !call["function"].is_object()) continue;
    ordered_json& arguments = call["function"]["arguments"];
    if (!arguments.is_string()) continue;
    try {
      ordered_json parsed = ParseOrderedJson(arguments.get<std::string>());
      if (parsed.is_object()) arguments = std::move(parsed);
    } catch (const Error&) {
    }
  }
}

// All texts in a value, whatever is around them.
void GuardTexts(ordered_json& value, const chat::PlainText& plain_text) {
  if (value.is_string()) {
    value = plain_text.Guard(value.get_ref<const std::string&>());
  } else if (value.is_structured()) {
    for (ordered_json& inner : value) GuardTexts(inner, plain_text);
  }
}

// What is done to every text that the template sees.
using Guard = std::function<void(ordered_json& texts)>;

ordered_json MessagesOf(const Fields& fields, const Guard& guard) {
  const ordered_json* list = fields.Find("messages");
  if (list == nullptr || !list->is_array() || list->empty() || list->size() > kMostMessages) {
    throw BadRequest{
        "'messages': want a list of messages, got " + (list == nullptr ? "none" : ShortOf(*list)),
        "messages"};
  }
  ordered_json messages = ordered_json::array();
  for (size_t index = 0; index < list->size(); ++index) {
    const std::string where = fmt::format("messages[{}]", index);
    const ordered_json& given = (*list)[index];
    if (!given.is_object() || !given.contains("role") || !given["role"].is_string()) {
      throw BadRequest{
          fmt::format("'{}': want an object with a \"role\", got {}", where, ShortOf(given)),
          where};
    }
    ordered_json message = given;
    if (message["role"] == "developer") message["role"] = "system";
    message["content"] =
        TextOf(given.contains("content") ? given["content"] : ordered_json(), where,
               message["role"] == "tool" ? Speaker::kTool : Speaker::kAnyone);
    OpenArguments(message);
    guard(message);
    messages.push_back(std::move(message));
  }
  return messages;
}

// The functions that may be called; other types of tools cannot be called here. The template shows those that
// are not `defer_loading`; of the others the messages tell.
ordered_json ToolsOf(const Fields& fields) {
  ordered_json functions = ordered_json::array();
  const ordered_json* tools = fields.Find("tools");
  const ordered_json* choice = fields.Find("tool_choice");
  if (tools == nullptr || (choice != nullptr && *choice == "none")) return functions;
  if (!tools->is_array()) throw BadRequest{"'tools': want a list, got " + ShortOf(*tools), "tools"};
  for (const ordered_json& tool : *tools) {
    if (tool.is_object() && tool.value("type", ordered_json("function")) == "function")
      functions.push_back(tool);
  }
  return functions;
}

ordered_json VariablesOf(const Fields& fields, const Guard& guard) {
  ordered_json variables = ordered_json::object();
  if (const ordered_json* given = fields.Find("chat_template_kwargs")) {
    if (!given->is_object()) {
      throw BadRequest{"'chat_template_kwargs': want an object, got " + ShortOf(*given),
                       "chat_template_kwargs"};
    }
    variables = *given;
  }
  for (const char* name : {"messages", "add_generation_prompt"}) variables.erase(name);
  if (const auto effort = fields.Text("reasoning_effort")) {
    variables["reasoning_effort"] = *effort;
    if (*effort == "none") variables["enable_thinking"] = false;
  }
  ordered_json tools = ordered_json::array();
  for (const ordered_json& tool : ToolsOf(fields)) {
    if (tool.value("defer_loading", ordered_json()) != true) tools.push_back(tool);
  }
  guard(tools);
  if (!tools.empty()) variables["tools"] = std::move(tools);
  return variables;
}

std::string Rendered(const Fields& fields, const chat::TextModel& model, const Guard& guard) {
  const ordered_json messages = MessagesOf(fields, guard);
  const ordered_json variables = VariablesOf(fields, guard);
  const auto render = [&](const ordered_json& all) {
    return chat::RenderPrompt(model.chat_format(), all, variables);
  };
  try {
    return render(messages);
  } catch (const Error& error) {
    for (const ordered_json& way : InOtherRoles(messages)) {
      try {
        return render(way);
      } catch (const Error&) {
      }
    }
    throw BadRequest{error.what(), "messages", "template_error"};
  }
}

void SetGrammar(std::shared_ptr<const constrain::Grammar> grammar, Request& request) {
  if (!grammar) return;
  request.grammar = std::move(grammar);
  request.generate.ignores_eos = false;  // the answer ends where the grammar does
}

// In the words of Anthropic's API: Claude Code shortens the conversation when it reads them. One token of the
// context is for the answer at least.
void CheckLength(const std::vector<text::TokenId>& prompt, const char* param,
                 const ModelContext& context) {
  if (prompt.size() < context.context_tokens) return;
  throw BadRequest{fmt::format("prompt is too long: {} tokens > {} maximum", prompt.size(),
                               context.context_tokens - 1),
                   param, "context_length_exceeded"};
}

// One prompt of a completion. `suffix` may be empty.
std::vector<text::TokenId> ReadPrompt(const ordered_json& prompt, const std::string& suffix,
                                      const ModelContext& context) {
  if (prompt.is_string()) {
    const std::string& text = prompt.get_ref<const std::string&>();
    if (!suffix.empty()) return PromptToFill(context.model.tokenizer(), text, suffix);
    try {
      return context.model.EncodePrompt(text);
    } catch (const Error& error) {
      throw BadRequest{std::string("'prompt': ") + error.what(), "prompt"};
    }
  }
  if (prompt.is_array() && !prompt.empty() && prompt.front().is_number()) {
    if (!suffix.empty()) throw BadRequest{"'suffix': goes with a prompt that is text", "suffix"};
    return ReadTokens(prompt, "prompt", context.model);
  }
  throw BadRequest{"'prompt': want a string, token ids or a list of either, got " + ShortOf(prompt),
                   "prompt"};
}

// All of them, so many answers to each wanted.
std::vector<std::vector<text::TokenId>> ReadPrompts(const Fields& fields, size_t choices,
                                                    const ModelContext& context) {
  const ordered_json* given = fields.Find("prompt");
  if (given == nullptr) {
    throw BadRequest{"'prompt': want a string, token ids or a list of either, got none", "prompt"};
  }
  const std::string suffix = fields.Text("suffix").value_or("");
  const bool is_list = given->is_array() && !given->empty() && !given->front().is_number();
  const size_t count = is_list ? given->size() : 1;
  if (count * choices > kMostAnswers) {
    throw BadRequest{
        fmt::format("'prompt': a request may have {} answers, {} prompts with 'n' {} make {}",
                    kMostAnswers, count, choices, count * choices),
        "prompt"};
  }
  std::vector<std::vector<text::TokenId>> prompts;
  for (size_t index = 0; index < count; ++index) {
    prompts.push_back(ReadPrompt(is_list ? (*given)[index] : *given, suffix, context));
    CheckLength(prompts.back(), "prompt", context);
  }
  return prompts;
}

// Stream fields, which chat and completions share.
void ReadStreaming(const Fields& fields, OpenAiRequest& to) {
  to.streams = fields.Switch("stream", false);
  to.reports_progress = fields.Switch("return_progress", false);
  if (const ordered_json* options = fields.Find("stream_options")) {
    to.includes_usage = Fields(*options).Switch("include_usage", false);
  }
}

}  // namespace

std::string RenderMessages(const Fields& fields, const ModelContext& context) {
  return Rendered(fields, context.model, [](ordered_json&) {});
}

OpenAiRequest ReadChatRequest(const ordered_json& body, const ModelContext& context) {
  const Fields fields(body);
  OpenAiRequest read;
  read.request = ReadSampling(fields, context.model.DefaultOptions());
  ReadStreaming(fields, read);
  if (fields.Switch("logprobs", false)) {
    read.request.top_logprobs = fields.Whole("top_logprobs", 0, kMostTopLogprobs).value_or(0);
  }
  const std::string format = fields.Text("reasoning_format").value_or("auto");
  read.split.splits_thinking = format != "none";
  const std::string prompt = Rendered(
      fields, context.model, [&](ordered_json& texts) { GuardTexts(texts, context.plain_text); });
  read.split.is_thinking = OpensThinking(prompt);
  ordered_json tools = ToolsOf(fields);
  AnswerForm form = context.forms.OfChat(fields, tools, read.split.is_thinking);
  SetGrammar(std::move(form.grammar), read.request);
  if (form.may_call) read.split.calls.tools = std::move(tools);
  read.split.calls.may_be_bare = form.may_be_bare;
  // In what it thinks no grammar binds it.
  if (read.split.splits_thinking) read.split.calls.bound = form.bound;
  read.request.prompts = {chat::EncodePrompt(context.model.tokenizer(), prompt)};
  CheckLength(read.request.prompts.front(), "messages", context);
  return read;
}

std::vector<text::TokenId> ReadTokens(const ordered_json& list, const char* param,
                                      const chat::TextModel& model) {
  std::vector<text::TokenId> tokens;
  const uint64_t vocabulary = model.config().sizes.vocab;
  for (const ordered_json& id : list) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= vocabulary) {
      throw BadRequest{
          fmt::format("'{}': want token ids below {}, got {}", param, vocabulary, ShortOf(id)),
          param};
    }
    tokens.push_back(id.get<text::TokenId>());
  }
  return tokens;
}

std::vector<text::TokenId> PromptToFill(const text::Tokenizer& tokenizer, const std::string& before,
                                        const std::string& after) {
  // Qwen2.5-Coder and later; StarCoder 2 and Granite.
  constexpr std::array<std::array<const char*, 3>, 2> kMarks = {
      {{"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"},
       {"<fim_prefix>", "<fim_suffix>", "<fim_middle>"}}};
  for (const auto& [prefix, suffix, middle] : kMarks) {
    const auto begin = tokenizer.IdOf(prefix), then = tokenizer.IdOf(suffix),
               end = tokenizer.IdOf(middle);
    if (!begin || !then || !end) continue;
    std::vector<text::TokenId> tokens = {*begin};
    const auto add = [&](const std::string& part, text::TokenId mark) {
      const auto some = tokenizer.Encode(part, {.add_special = false, .parse_special = false});
      tokens.insert(tokens.end(), some.begin(), some.end());
      tokens.push_back(mark);
    };
    add(before, *then);
    add(after, *end);
    return tokens;
  }
  throw BadRequest{"'suffix': this model was not made to fill in the middle", "suffix",
                   "unsupported"};
}

OpenAiRequest ReadCompletionRequest(const ordered_json& body, const ModelContext& context) {
  const Fields fields(body);
  OpenAiRequest read;
  read.request = ReadSampling(fields, context.model.DefaultOptions());
  ReadStreaming(fields, read);
  SetGrammar(context.forms.OfCompletion(fields), read.request);
  read.request.top_logprobs = fields.Whole("logprobs", 0, kMostTopLogprobs);
  read.request.prompts = ReadPrompts(fields, read.request.choices, context);
  read.request.continues_prompt = true;
  read.split.splits_thinking = false;
  if (fields.Switch("echo", false)) {
    for (const std::vector<text::TokenId>& prompt : read.request.prompts)
      read.echoes.push_back(context.model.tokenizer().Decode(prompt, true));
  }
  return read;
}

}  // namespace hlwq::server
