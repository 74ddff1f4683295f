#include "server/tool_calls.h"

#include <gtest/gtest.h>

#include "server/tool_call_text.h"
#include "tests/server/said.h"

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;

const ordered_json kTools =
    ordered_json::parse(R"([{"type": "function", "function": {"name": "find",
  "parameters": {"type": "object", "properties": {"text": {"type": "string"}, "count": {"type": "integer"},
  "where": {"type": "object"}, "any": {}}}}}, 5, {"function": 6}])");

// The same in pieces of every size.
test::Said PartsOf(const std::string& text, const ordered_json& tools = kTools) {
  test::Said first;
  for (size_t size = 1; size <= text.size() + 1; ++size) {
    ToolCallSplitter splitter({.tools = tools});
    test::Said all;
    for (size_t at = 0; at < text.size(); at += size) {
      Parts parts;
      splitter.Push(text.substr(at, size), parts);
      all.Add(parts);
    }
    Parts last;
    splitter.Finish(last);
    all.Add(last);
    if (size == 1) first = all;
    EXPECT_EQ(all, first) << size;
  }
  return first;
}

ordered_json ArgumentsOf(const test::SaidCall& call) { return ordered_json::parse(call.arguments); }

TEST(ToolCalls, InJson) {
  const test::Said found = PartsOf(R"(I look. <tool_call>
{"name": "find", "arguments": {"text": "a </b> \"c\"", "count": 3}}
</tool_call>
<tool_call>{"name": "other", "parameters": {}}</tool_call>)");
  EXPECT_EQ(found.content, "I look.");
  ASSERT_EQ(found.calls.size(), 2u);
  EXPECT_EQ(found.calls[0].name, "find");
  EXPECT_EQ(ArgumentsOf(found.calls[0]), ordered_json({{"text", "a </b> \"c\""}, {"count", 3}}));
  EXPECT_EQ(found.calls[1].name, "other");
  EXPECT_EQ(found.calls[1].arguments, "{}");
  EXPECT_EQ(found.order, "tcc");
}

TEST(ToolCalls, InElements) {
  const test::Said found = PartsOf(R"(<tool_call>
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
  EXPECT_EQ(ArgumentsOf(found.calls[0]),
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
    const test::Said found = PartsOf(text);
    EXPECT_EQ(found.content, "") << text;
    ASSERT_EQ(found.calls.size(), 1u) << text;
    EXPECT_EQ(found.calls[0].name, "find") << text;
    EXPECT_EQ(ArgumentsOf(found.calls[0]).value("text", ""), "x") << text;
  }
}

TEST(ToolCalls, WhatIsNoneStaysText) {
  for (const char* text : {"a \n<tool_call>not a call</tool_call> and more \n", "a <tool_cal",
                           "<tool_call>{\"name\": 5}", "<tool_call><function=>",
                           "<tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>"}) {
    const test::Said found = PartsOf(text);
    EXPECT_TRUE(found.calls.empty()) << text;
    EXPECT_EQ(found.content, text);
  }
}

TEST(ToolCalls, ThatAreTheWholeAnswerNeedNoTags) {
  for (const char* text : {R"( {"name": "find", "parameters": {"count": 3}} )",
                           R"([{"name": "find", "arguments": {"count": 3}}])"}) {
    const test::Said found = PartsOf(text);
    EXPECT_EQ(found.content, "") << text;
    ASSERT_EQ(found.calls.size(), 1u) << text;
    EXPECT_EQ(ArgumentsOf(found.calls[0]), ordered_json({{"count", 3}}));
  }
  for (const char* text :
       {R"({"name": "somebody", "parameters": {}})", R"({"answer": 3})", "[1, 2]", "[]", "{",
        R"([{"name": "find"}, 3])", R"({"name": "find"} and more)",
        R"({"name": "find", "parameters": {}} and more)"}) {
    const test::Said found = PartsOf(text);
    EXPECT_EQ(found.content, text);
    EXPECT_TRUE(found.calls.empty()) << text;
  }
}

// Nobody has to have called, only because somebody has the name of a function.
TEST(ToolCalls, JsonThatHappensToHaveANameIsAnAnswer) {
  for (const char* text :
       {R"({"name": "find"})", R"({"name": "find", "age": 3})",
        R"({"name": "find", "arguments": {}, "age": 3})",
        R"({"name": "find", "arguments": {}, "parameters": {}})",
        R"({"name": "find", "arguments": [1]})", R"({"name": "find", "arguments": null})",
        R"({"name": "find", "arguments": {}, "type": "person"})", R"({"arguments": {}})",
        R"([{"name": "find", "arguments": {}}, {"name": "find"}])"}) {
    const test::Said found = PartsOf(text);
    EXPECT_EQ(found.content, text);
    EXPECT_TRUE(found.calls.empty()) << text;
  }
  const test::Said found = PartsOf(
      R"([{"type": "function", "name": "find", "arguments": {}}, {"name": "find", "arguments": "{\"count\": 3}", "id": "x"}])");
  EXPECT_EQ(found.calls,
            (std::vector<test::SaidCall>{{"find", "{}", true}, {"find", R"({"count":3})", true}}));
}

// What cannot become a call is not held back.
TEST(ToolCalls, AnAnswerThatIsOtherJsonComesAsItIsWritten) {
  for (const char* text : {"[x", "[1", "{ 3", R"({"answer)", R"([ {"nam2)", R"({"ids)"}) {
    EXPECT_FALSE(MayBecomeBareCalls(text)) << text;
    ToolCallSplitter splitter({.tools = kTools});
    Parts parts;
    splitter.Push(text, parts);
    test::Said said;
    said.Add(parts);
    EXPECT_EQ(said.content, text);
  }
  for (const char* text : {"", "[", " [ ", "[{", R"({")", R"({ "na)", R"({"name": "x)", R"({"id")"})
    EXPECT_TRUE(MayBecomeBareCalls(text)) << text;
}

TEST(ToolCalls, OfAnAnswerThatBeginsWithABracketLoseNothing) {
  const test::Said found = PartsOf(
      "[{\"name\": 1}] I look. <tool_call>{\"name\": \"find\"}</tool_call>\nand "
      "<tool_call>{\"name\": \"find\"}</tool_call>");
  EXPECT_EQ(found.content, "[{\"name\": 1}] I look.and");
  EXPECT_EQ(found.order, "tctc");
}

TEST(ToolCalls, WithoutToolsAreText) {
  const std::string text = "<tool_call>{\"name\": \"find\"}</tool_call>";
  EXPECT_EQ(PartsOf(text, ordered_json::array()).content, text);
}

}  // namespace
}  // namespace hlwq::server
