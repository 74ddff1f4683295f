#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/openai/responses_reply.h"
#include "server/openai/responses_request.h"

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

TEST(Responses, AreChatMessagesInAnotherForm) {
  const ordered_json chat = ChatBodyOfResponses(ordered_json::parse(R"({
    "model": "m", "instructions": "Be brief.", "max_output_tokens": 9, "stream": true, "store": true,
    "reasoning": {"effort": "low"},
    "input": [{"role": "user", "content": [{"type": "input_text", "text": "hello"}]}, {"type": "reasoning"},
      {"type": "function_call", "call_id": "c1", "name": "find", "arguments": "{}"},
      {"type": "function_call", "call_id": "c2", "name": "find", "arguments": "{"},
      {"type": "function_call_output", "call_id": "c1", "output": "found"}],
    "tools": [{"type": "function", "name": "find", "strict": true, "parameters": {}}, {"type": "namespace"}]})"));
  EXPECT_EQ(chat, ordered_json::parse(R"({
    "stream": true, "max_tokens": 9, "reasoning_effort": "low",
    "tools": [{"type": "function", "function": {"name": "find", "parameters": {}}}],
    "messages": [{"role": "system", "content": "Be brief."},
      {"role": "user", "content": [{"type": "input_text", "text": "hello"}]},
      {"role": "assistant", "content": "", "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "find", "arguments": "{}"}},
        {"id": "c2", "type": "function", "function": {"name": "find", "arguments": "{"}}]},
      {"role": "tool", "tool_call_id": "c1", "content": "found"}]})"));
  // Thoughts belong to what was said next, if they are text.
  EXPECT_EQ(
      ChatBodyOfResponses(ordered_json::parse(R"({"input": [
      {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "hm"}]},
      {"role": "assistant", "content": "yes"}, {"type": "reasoning", "encrypted_content": "gAAA"},
      {"role": "assistant", "content": "no"}]})"))["messages"],
      ordered_json::parse(R"([{"role": "assistant", "content": "yes", "reasoning_content": "hm"},
      {"role": "assistant", "content": "no"}])"));
  EXPECT_EQ(ChatBodyOfResponses({{"input", ordered_json::array()}})["messages"].size(), 1u);
}

TEST(Responses, ThatMakeNoSenseSayWhere) {
  const std::pair<const char*, const char*> cases[] = {
      {R"([])", "want a JSON object"},
      {R"({})", "'input': want a string or a list of items, got none"},
      {R"({"input": 5})", "'input': want a string or a list of items, got 5"},
      {R"({"input": [5]})", "want a JSON object, got 5"},
      {R"({"input": [{"content": "x"}]})", "'input[0]': want a message with a \"role\""},
      {R"({"input": "x", "tools": 5})", "'tools': want a list"},
      {R"({"input": "x", "previous_response_id": "resp_1"})", "responses are not kept"}};
  for (const auto& [body, part] : cases) {
    try {
      ChatBodyOfResponses(ordered_json::parse(body));
      ADD_FAILURE() << body;
    } catch (const BadRequest& bad) {
      EXPECT_THAT(bad.message, HasSubstr(part));
    }
  }
}

TEST(Responses, AnswersAreItems) {
  OpenAiRequest request;
  request.request.prompts = {{1, 2, 3}};
  request.split.calls.tools = ordered_json::array({ordered_json::object()});
  ResponsesReply reply("model", request);
  std::string stream = reply.Begin();
  const std::pair<const char*, std::vector<size_t>> pieces[] = {
      {"<think>hm</think>I ", {7, 9, 17, 18}},
      {"look.", {19, 24}},
      {"<tool_call>{\"name\": \"find\"}</tool_call>", {64}}};
  for (const auto& [text, ends] : pieces) {
    stream += reply.Take(Piece{.choice = 0, .text = text, .tokens = {}, .ends = ends});
  }
  End end;
  end.reason = "eos";
  stream += reply.Take(end);
  stream += reply.Finish();
  std::vector<std::string> events;
  for (size_t at = 0; (at = stream.find("event: response.", at)) != stream.npos; ++at) {
    events.push_back(stream.substr(at + 16, stream.find('\n', at) - at - 16));
    EXPECT_THAT(stream,
                HasSubstr("\"sequence_number\":" + std::to_string(events.size() - 1) + ","));
  }
  EXPECT_EQ(events, (std::vector<std::string>{"created",
                                              "in_progress",
                                              "output_item.added",
                                              "content_part.added",
                                              "reasoning_text.delta",
                                              "reasoning_text.done",
                                              "content_part.done",
                                              "output_item.done",
                                              "output_item.added",
                                              "content_part.added",
                                              "output_text.delta",
                                              "output_text.delta",
                                              "output_text.done",
                                              "content_part.done",
                                              "output_item.done",
                                              "output_item.added",
                                              "function_call_arguments.delta",
                                              "function_call_arguments.done",
                                              "output_item.done",
                                              "completed"}));
  const ordered_json body = reply.Body();
  ASSERT_EQ(body["output"].size(), 3u);
  EXPECT_EQ(body["output"][0]["content"][0]["text"], "hm");
  EXPECT_EQ(body["output"][1]["content"][0]["text"], "I look.");
  EXPECT_EQ(body["output"][2]["arguments"], "{}");
  EXPECT_EQ(body["usage"]["output_tokens_details"]["reasoning_tokens"], 3);
  end.reason = "length";
  ResponsesReply cut("model", request);
  cut.Take(end);
  EXPECT_EQ(cut.Body()["status"], "incomplete");
}

}  // namespace
}  // namespace hlwq::server
