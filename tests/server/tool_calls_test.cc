#include "server/tool_calls.h"

#include <gtest/gtest.h>

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;

const ordered_json kTools =
    ordered_json::parse(R"([{"type": "function", "function": {"name": "find",
  "parameters": {"type": "object", "properties": {"text": {"type": "string"}, "count": {"type": "integer"},
  "where": {"type": "object"}, "any": {}}}}}, 5, {"function": 6}])");

// The same in pieces of every size.
TextAndCalls PartsOf(const std::string& text, const ordered_json& tools = kTools) {
  TextAndCalls first;
  for (size_t size = 1; size <= text.size() + 1; ++size) {
    ToolCallSplitter splitter(tools);
    TextAndCalls all;
    const auto add = [&](TextAndCalls some) {
      all.content += some.content;
      for (ToolCall& call : some.calls) all.calls.push_back(std::move(call));
    };
    for (size_t at = 0; at < text.size(); at += size) add(splitter.Push(text.substr(at, size)));
    add(splitter.Finish());
    if (size == 1) first = all;
    EXPECT_EQ(all.content, first.content) << size;
    EXPECT_EQ(all.calls.size(), first.calls.size()) << size;
  }
  return first;
}

TEST(ToolCalls, InJson) {
  const TextAndCalls found = PartsOf(R"(I look. <tool_call>
{"name": "find", "arguments": {"text": "a </b> \"c\"", "count": 3}}
</tool_call>
<tool_call>{"name": "other", "parameters": {}}</tool_call>)");
  EXPECT_EQ(found.content, "I look.");
  ASSERT_EQ(found.calls.size(), 2u);
  EXPECT_EQ(found.calls[0].name, "find");
  EXPECT_EQ(found.calls[0].arguments, ordered_json({{"text", "a </b> \"c\""}, {"count", 3}}));
  EXPECT_EQ(found.calls[1].name, "other");
  EXPECT_EQ(found.calls[1].arguments, ordered_json::object());
  EXPECT_NE(found.calls[0].id, found.calls[1].id);
}

TEST(ToolCalls, InElements) {
  const TextAndCalls found = PartsOf(R"(<tool_call>
<function=find>
<parameter=text>
two
lines <x>
</parameter>
<parameter=count>
3
</parameter>
<parameter=where>{"a": [1]}</parameter>
<parameter=any>true</parameter>
<parameter=unknown>7</parameter>
</function>
</tool_call>)");
  EXPECT_EQ(found.content, "");
  ASSERT_EQ(found.calls.size(), 1u);
  EXPECT_EQ(found.calls[0].arguments,
            ordered_json::parse(R"({"text": "two\nlines <x>", "count": 3, "where": {"a": [1]},
                                    "any": "true", "unknown": "7"})"));
}

// As models that are a little off write them.
TEST(ToolCalls, ThatAreALittleOffAreRead) {
  for (const char* text :
       {"<tool_call>\n```json\n{\"name\": \"find\", \"arguments\": {\"text\": "
        "\"x\"}}\n```\n</tool_call>",
        "<tool_call>{\"name\": \"find\", \"arguments\": \"{\\\"text\\\": \\\"x\\\"}\"}",
        "<tool_call><function=find><parameter=text>x</parameter></parameter></function></"
        "tool_call>",
        "<tool_call><function=find>\n<parameter=text>\nx\n<parameter=text>\nx\n</function>",
        "<tool_call>\nfind it: <function=find><parameter=text>x</parameter></tool_call>"}) {
    const TextAndCalls found = PartsOf(text);
    EXPECT_EQ(found.content, "") << text;
    ASSERT_EQ(found.calls.size(), 1u) << text;
    EXPECT_EQ(found.calls[0].name, "find") << text;
    EXPECT_EQ(found.calls[0].arguments.value("text", ""), "x") << text;
  }
}

TEST(ToolCalls, WhatIsNoneStaysText) {
  for (const char* text : {"a \n<tool_call>not a call</tool_call> and more \n", "a <tool_cal",
                           "<tool_call>{\"name\": 5}", "<tool_call><function=>",
                           "<tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>"}) {
    const TextAndCalls found = PartsOf(text);
    EXPECT_TRUE(found.calls.empty()) << text;
    EXPECT_EQ(found.content, text);
  }
}

TEST(ToolCalls, ThatAreTheWholeAnswerNeedNoTags) {
  for (const char* text : {R"( {"name": "find", "parameters": {"count": 3}} )",
                           R"([{"name": "find", "arguments": {"count": 3}}])"}) {
    const TextAndCalls found = PartsOf(text);
    EXPECT_EQ(found.content, "") << text;
    ASSERT_EQ(found.calls.size(), 1u) << text;
    EXPECT_EQ(found.calls[0].arguments, ordered_json({{"count", 3}}));
  }
  for (const char* text :
       {R"({"name": "somebody", "parameters": {}})", R"({"answer": 3})", "[1, 2]", "[]", "{",
        R"([{"name": "find"}, 3])", R"({"name": "find"} and more)"}) {
    const TextAndCalls found = PartsOf(text);
    EXPECT_EQ(found.content, text);
    EXPECT_TRUE(found.calls.empty()) << text;
  }
}

TEST(ToolCalls, WithoutToolsAreText) {
  const std::string text = "<tool_call>{\"name\": \"find\"}</tool_call>";
  EXPECT_EQ(PartsOf(text, ordered_json::array()).content, text);
}

}  // namespace
}  // namespace hlwq::server
