#include "server/anthropic/messages_reply.h"
#include "server/anthropic/messages_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

TEST(Messages, AreChatMessagesInAnotherForm) {
  const ordered_json chat = ChatBodyOf(ordered_json::parse(R"({
    "max_tokens": 9, "temperature": 0.5, "stop_sequences": ["x"], "stream": true, "model": "m",
    "system": [{"type": "text", "text": "x-anthropic-billing-header: cch=123"},
               {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    "thinking": {"type": "disabled"}, "output_config": {"effort": "low"},
    "messages": [
      {"role": "user", "content": [{"type": "text", "text": "x-anthropic-beta is what?"}]},
      {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": ""},
         {"type": "text", "text": "I look."}, {"type": "tool_use", "id": "t1", "name": "find", "input": {"a": 1}}]},
      {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1",
         "content": [{"type": "text", "text": "found"}]}, {"type": "text", "text": "and?"}]},
      {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t2"}]}],
    "tools": [{"name": "find", "description": "finds", "input_schema": {"type": "object"}},
              {"type": "web_search_20250305", "name": "web_search"}]})"));
  EXPECT_EQ(chat, ordered_json::parse(R"({
    "temperature": 0.5, "max_tokens": 9, "stream": true, "stop": ["x"],
    "messages": [
      {"role": "system", "content": "Be brief."},
      {"role": "user", "content": "x-anthropic-beta is what?"},
      {"role": "assistant", "content": "I look.", "reasoning_content": "hm", "tool_calls": [{"id": "t1",
         "type": "function", "function": {"name": "find", "arguments": {"a": 1}}}]},
      {"role": "tool", "tool_call_id": "t1", "content": "found"},
      {"role": "user", "content": "and?"},
      {"role": "tool", "tool_call_id": "t2", "content": ""}],
    "reasoning_effort": "low",
    "tools": [{"type": "function", "function": {"name": "find", "description": "finds",
      "parameters": {"type": "object"}}}],
    "chat_template_kwargs": {"enable_thinking": false}})"));
}

TEST(Messages, ThatMakeNoSenseSayWhere) {
  const std::pair<const char*, const char*> cases[] = {
      {R"([])", "want a JSON object"},
      {R"({})", "'messages': want a list of messages, got none"},
      {R"({"messages": [5]})", "'messages[0]': want an object"},
      {R"({"messages": [{"role": "user", "content": [{"type": "image"}]}]})", "text only"},
      {R"({"messages": [{"role": "user", "content": [5]}]})", "want a JSON object, got 5"},
      {R"({"messages": [{"role": "user", "content": ""}], "system": 5})", "'system'"},
      {R"({"messages": [{"role": "user", "content": ""}], "tools": 5})", "'tools': want a list"}};
  for (const auto& [body, part] : cases) {
    try {
      ChatBodyOf(ordered_json::parse(body));
      ADD_FAILURE() << body;
    } catch (const BadRequest& bad) {
      EXPECT_THAT(bad.message, HasSubstr(part));
    }
  }
}

// Thinking, text and a call: a block each, in a stream and whole.
TEST(Messages, AnswersAreBlocks) {
  OpenAiRequest request;
  request.request.prompts = {{1, 2, 3}};
  request.split.calls.tools = ordered_json::array({ordered_json::object()});
  MessagesReply reply("model", request);
  std::string stream = reply.Begin();
  for (const char* text :
       {"<think>", "hm</thi", "nk>", "\n\nI look.", "\n<tool_call>{\"name\": \"find\", ",
        "\"arguments\": {\"a\": 1}}</tool_call>"}) {
    stream += reply.Take(Piece{.choice = 0, .text = text, .tokens = {}});
  }
  End end;
  end.reason = "eos";
  end.times.reused_tokens = 2;
  end.times.generated_tokens = 9;
  stream += reply.Take(end);
  stream += reply.Finish();
  std::vector<std::string> events;
  for (size_t at = 0; (at = stream.find("event: ", at)) != stream.npos; ++at) {
    events.push_back(stream.substr(at + 7, stream.find('\n', at) - at - 7));
  }
  const std::string block = "content_block_";
  EXPECT_EQ(events, (std::vector<std::string>{"message_start", block + "start", block + "delta",
                                              block + "stop", block + "start", block + "delta",
                                              block + "stop", block + "start", block + "delta",
                                              block + "stop", "message_delta", "message_stop"}));
  EXPECT_THAT(stream, HasSubstr(R"("partial_json":"{\"a\":1}")"));
  const ordered_json body = reply.Body();
  EXPECT_EQ(body["stop_reason"], "tool_use");
  EXPECT_EQ(body["usage"]["input_tokens"], 1);
  EXPECT_EQ(body["usage"]["cache_read_input_tokens"], 2);
  EXPECT_EQ(body["usage"]["output_tokens"], 9);
  ASSERT_EQ(body["content"].size(), 3u);
  EXPECT_EQ(body["content"][0]["thinking"], "hm");
  EXPECT_EQ(body["content"][1]["text"], "I look.");
  EXPECT_EQ(body["content"][2]["input"], ordered_json({{"a", 1}}));
}

}  // namespace
}  // namespace hlwq::server
