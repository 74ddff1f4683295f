#include "constrain/formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "constrain/tool_formats.h"
#include "tests/constrain/random_answer.h"

namespace hlwq::constrain {
namespace {

using nlohmann::ordered_json;
using text::TokenId;

class FormatsTest : public testing::Test {
 protected:
  void SetUp() override { HLWQ_REQUIRE_GRAMMARS(); }

  text::Tokenizer tokenizer_ = test::ByteLevelTokenizer();
  TokenId end_ = static_cast<TokenId>(tokenizer_.size() - 1);
  Compiler compiler_{tokenizer_, tokenizer_.size(), std::span(&end_, 1)};

  // Whether the tokens of a text may come, and then the end.
  bool Accepts(const Format& format, const std::string& text) const {
    return test::Accepts(*compiler_.Compile(format), tokenizer_, end_, text);
  }
};

TEST_F(FormatsTest, ThinkingComesBeforeTheForm) {
  const Format yes = AsText("yes");
  EXPECT_TRUE(Accepts(AfterThinking(yes, {}), "yes"));
  EXPECT_FALSE(Accepts(AfterThinking(yes, {}), "<think>hm</think>yes"));
  const Format opened = AfterThinking(yes, {.is_open = true, .may_open = true, .most_tokens = {}});
  EXPECT_TRUE(Accepts(opened, "well, <x> {\"a\": 1}\n</think>\n\nyes"));
  EXPECT_TRUE(Accepts(opened, "</think>yes"));
  EXPECT_FALSE(Accepts(opened, "yes"));
  const Format maybe = AfterThinking(yes, {.is_open = false, .may_open = true, .most_tokens = {}});
  EXPECT_TRUE(Accepts(maybe, "yes"));
  EXPECT_TRUE(Accepts(maybe, "<think>\nno\n</think>\n\nyes"));
  EXPECT_FALSE(Accepts(maybe, "<think>\nno\n</think>\n\nno"));
}

TEST_F(FormatsTest, ThinkingEndsWithItsTokens) {
  for (const size_t most : {0, 1, 5}) {
    const Format format =
        AfterThinking(AnyText(), {.is_open = true, .may_open = true, .most_tokens = most});
    std::string thoughts(most, 'x');
    EXPECT_TRUE(Accepts(format, thoughts + "</think>\n\nanything")) << most;
    EXPECT_FALSE(Accepts(format, thoughts + "x</think>\n\nanything")) << most;
  }
}

struct StyleCase {
  ToolStyle style;
  const char* chat_template;  // a part of one
  std::string call, second;   // right ones
  std::string wrong;          // arguments that the schema has not
};

const StyleCase kStyles[] = {
    {ToolStyle::kJson, "{{ message.content }}",
     R"({"name": "add", "arguments": {"a": 1, "note": "x"}})", "",
     R"({"name": "add", "arguments": {"b": 1}})"},
    {ToolStyle::kLlama, R"(... "ipython" ... {"name": ..., "parameters": ...)",
     R"({"name": "add", "parameters": {"a": 1}})", "",
     R"({"name": "sub", "parameters": {"a": 1}})"},
    {ToolStyle::kHermes, "between <tool_call></tool_call> tags",
     "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1}}\n</tool_call>",
     "<tool_call>\n{\"name\": \"none\", \"arguments\": {}}\n</tool_call>",
     "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": \"one\"}}\n</tool_call>"},
    {ToolStyle::kQwenXml, "<tool_call>\n<function=example>",
     "<tool_call>\n<function=add>\n<parameter=a>\n1\n</parameter>\n<parameter=note>\ntwo\nlines\n</"
     "parameter>\n"
     "</function>\n</tool_call>",
     "<tool_call>\n<function=add>\n<parameter=a>\n22\n</parameter>\n</function>\n</tool_call>",
     "<tool_call>\n<function=add>\n<parameter=c>\n1\n</parameter>\n</function>\n</tool_call>"},
};

const std::vector<Function> kFunctions = {
    {"add", ordered_json::parse(R"({"type": "object", "properties": {"a": {"type": "integer"},
      "note": {"type": "string"}}, "required": ["a"]})")},
    {"none", {{"type", "object"}}}};

TEST_F(FormatsTest, CallsAreWrittenAsTheTemplateTeaches) {
  for (const StyleCase& style : kStyles) {
    EXPECT_EQ(ToolStyleOf(style.chat_template), style.style) << style.chat_template;
    ToolWriting writing = {.style = style.style};
    const Format calls = CallsOf(kFunctions, writing);
    EXPECT_TRUE(Accepts(calls, style.call)) << style.call;
    EXPECT_FALSE(Accepts(calls, style.wrong)) << style.wrong;
    EXPECT_FALSE(Accepts(calls, "I call nothing.")) << style.call;
    EXPECT_FALSE(Accepts(calls, "")) << style.call;
    if (style.second.empty()) continue;
    const std::string both = style.call + "\n" + style.second;
    EXPECT_TRUE(Accepts(calls, both)) << both;
    writing.is_parallel = false;
    EXPECT_FALSE(Accepts(CallsOf(kFunctions, writing), both)) << both;
  }
}

TEST_F(FormatsTest, ACallInATextIsStrictOnceItHasBegun) {
  for (const StyleCase& style : kStyles) {
    const ToolWriting writing = {.style = style.style};
    const auto text = TextWithCallsOf(kFunctions, writing);
    ASSERT_EQ(text.has_value(), !style.second.empty());
    if (!text) continue;
    EXPECT_TRUE(Accepts(*text, "Nothing < to { call.")) << style.call;
    EXPECT_TRUE(Accepts(*text, "First:\n" + style.call + "\n" + style.second + "\nDone."));
    EXPECT_FALSE(Accepts(*text, "First:\n" + style.wrong)) << style.wrong;
    EXPECT_FALSE(Accepts(*text, "<tool_call>never mind"));
  }
}

TEST_F(FormatsTest, MistralsListFollowsItsToken) {
  const ToolWriting writing = {.style = ToolStyle::kMistral, .mistral_mark = end_ - 1};
  const Format calls = CallsOf(kFunctions, writing);
  const auto filter = compiler_.Compile(calls)->NewFilter();
  EXPECT_EQ(test::TokensOf(filter->Allowed(), tokenizer_.size()), std::vector<TokenId>{end_ - 1});
  const Format unmarked = CallsOf(kFunctions, {.style = ToolStyle::kMistral});
  EXPECT_TRUE(Accepts(
      unmarked, R"([{"name": "add", "arguments": {"a": 1}}, {"name": "none", "arguments": {}}])"));
  EXPECT_FALSE(Accepts(unmarked, R"([])"));
}

}  // namespace
}  // namespace hlwq::constrain
