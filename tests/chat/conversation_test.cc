#include "chat/conversation.h"

#include <gtest/gtest.h>

#include "tests/chat/made_checkpoint.h"

namespace hlwq::chat {
namespace {

TEST(Conversation, ThePromptFollowsTheTemplate) {
  const text::Tokenizer tokenizer(GoldenTokenizerJson());
  const ChatFormat format =
      OpenChatFormat(WithFiles({{"chat_template.jinja",
                                 {},
                                 "{% for m in messages %}{{ m.role }}={{ m.content }};{% endfor %}"
                                 "{{ enable_thinking is defined and not enable_thinking }}"
                                 "{{ add_generation_prompt }}"}}));
  Conversation conversation(format, {.system = "s", .variables = {{"enable_thinking", false}}});
  const auto prompt = [&] { return tokenizer.Decode(conversation.Prompt(tokenizer)); };
  conversation.Add("user", "a");
  conversation.Add("assistant", "b");
  conversation.Add("user", "c\xff");
  EXPECT_EQ(prompt(), "system=s;user=a;assistant=b;user=c\uFFFD;TrueTrue");
  conversation.RemoveLast();
  EXPECT_EQ(prompt(), "system=s;user=a;assistant=b;TrueTrue");
  conversation.Reset();
  EXPECT_EQ(prompt(), "system=s;TrueTrue");
}

TEST(Conversation, WhatNobodyGivesIsNoneAndNotUndefined) {
  const text::Tokenizer tokenizer(GoldenTokenizerJson());
  const ChatFormat format = OpenChatFormat(
      WithFiles({{"chat_template.jinja", {}, "{{ tools is none }}{{ documents is none }}"}}));
  EXPECT_EQ(tokenizer.Decode(Conversation(format, {}).Prompt(tokenizer)), "TrueTrue");
}

TEST(Conversation, VariablesReplaceSpecialTokensButNotTheMessages) {
  const text::Tokenizer tokenizer(GoldenTokenizerJson());
  const ChatFormat format = OpenChatFormat(WithFiles(
      {{"chat_template.jinja", {}, "{{ bos_token }}{{ tools|length }}{{ messages|length }}"},
       {"tokenizer_config.json", {}, R"({"bos_token": "a"})"}}));
  const Conversation conversation(
      format,
      {.system = "s", .variables = {{"bos_token", "b"}, {"tools", {1, 2}}, {"messages", "none"}}});
  EXPECT_EQ(tokenizer.Decode(conversation.Prompt(tokenizer)), "b21");
}

}  // namespace
}  // namespace hlwq::chat
