// Requests in which any one value is of another kind: read, or refused with a reason, and nothing else.
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "server/anthropic/messages_request.h"
#include "server/openai/chat_request.h"
#include "server/openai/responses_request.h"
#include "tests/server/small_model.h"

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;
using Read = OpenAiRequest (*)(const ordered_json&, const ModelContext&);

constexpr const char* kChatBody = R"({"model": "m", "messages": [
    {"role": "system", "content": "be brief"}, {"role": "user", "content": [{"type": "text", "text": "hi"}]},
    {"role": "assistant", "content": null, "reasoning_content": "hm",
     "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]},
    {"role": "tool", "tool_call_id": "1", "content": "found"}],
  "tools": [{"type": "function", "function": {"name": "f", "description": "d",
     "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}}],
  "tool_choice": {"type": "function", "function": {"name": "f"}}, "parallel_tool_calls": false,
  "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
  "chat_template_kwargs": {"enable_thinking": false}, "reasoning_effort": "low", "thinking_budget": 4,
  "stream_options": {"include_usage": true}, "logit_bias": {"5": 1}, "stop": ["x"], "max_tokens": 2,
  "logprobs": true, "top_logprobs": 1, "n": 2, "seed": 1, "temperature": 0.5})";
constexpr const char* kCompletionBody =
    R"({"prompt": ["a", [1, 2]], "n": 2, "logprobs": 1, "stop": ["x"],
  "logit_bias": {"5": 1}, "stream_options": {"include_usage": true}, "max_tokens": 2, "echo": true,
  "structured_outputs": {"choice": ["a", "b"]}})";
constexpr const char* kMessagesBody = R"({"model": "m", "max_tokens": 2,
  "system": [{"type": "text", "text": "s"}], "messages": [
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t",
       "content": [{"type": "tool_reference", "tool_name": "f"}, {"type": "image"}]}]},
    {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"},
       {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}]},
    {"role": "user", "content": [{"type": "tool_addition", "tool": {"definition": {"name": "g",
       "input_schema": {"type": "object"}}}}, {"type": "tool_removal", "tool": {"name": "g"}}]}],
  "tools": [{"name": "f", "description": "d", "defer_loading": true, "input_schema": {"type": "object"}}],
  "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": true},
  "thinking": {"type": "enabled", "budget_tokens": 4}, "chat_template_kwargs": {"a": 1},
  "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
  "stop_sequences": ["x"]})";
constexpr const char* kResponsesBody =
    R"({"model": "m", "instructions": "be brief", "max_output_tokens": 2,
  "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
    {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "hm"}]},
    {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "1", "output": [{"type": "input_image"}]}],
  "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}, {"type": "namespace"}],
  "tool_choice": {"type": "function", "name": "f"}, "reasoning": {"effort": "low"},
  "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
  "chat_template_kwargs": {"a": 1}})";

// Calls body() with each value of `document` replaced in turn by each of several others.
void ForEachReplacement(ordered_json& document, const std::function<void()>& body) {
  static const std::vector<ordered_json> others = {
      nullptr, true,        -1, 1e300, "x", ordered_json::array(), ordered_json::object(),
      {5},     {{"a", "b"}}};
  const std::function<void(ordered_json&)> replace = [&](ordered_json& value) {
    const ordered_json given = value;
    for (const ordered_json& other : others) {
      value = other;
      body();
    }
    value = given;
    if (!value.is_structured()) return;
    for (ordered_json& inner : value) replace(inner);
  };
  replace(document);
}

TEST(MistypedRequests, AreReadOrRefused) {
  test::SmallModel model;
  chat::PlainText plain_text(model->tokenizer());
  AnswerForms forms(*model);
  const ModelContext context = {*model, plain_text, forms, 1000};
  struct Api {
    const char* name;
    const char* body;
    Read read;
  };
  for (const Api& api : {Api{"chat", kChatBody, ReadChatRequest},
                         Api{"completion", kCompletionBody, ReadCompletionRequest},
                         Api{"messages", kMessagesBody, ReadMessagesRequest},
                         Api{"responses", kResponsesBody, ReadResponsesRequest}}) {
    ordered_json document = ordered_json::parse(api.body);
    size_t accepted = 0, refused = 0;
    ForEachReplacement(document, [&] {
      try {
        api.read(document, context);
        ++accepted;
      } catch (const BadRequest& bad) {
        EXPECT_FALSE(bad.message.empty());
        EXPECT_LT(bad.status, 500) << document;
        ++refused;
      } catch (const std::exception& error) {
        ADD_FAILURE() << api.name << ": " << error.what() << "\n" << document;
      }
    });
    EXPECT_GT(accepted, 20u) << api.name;
    EXPECT_GT(refused, 50u) << api.name;
  }
}

}  // namespace
}  // namespace hlwq::server
