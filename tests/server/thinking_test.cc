#include "server/thinking.h"

#include <gtest/gtest.h>

namespace hlwq::server {
namespace {

// The text in pieces of every size gives the same.
Thought Split(const std::string& text, bool is_thinking = false) {
  Thought first;
  for (size_t size = 1; size <= text.size() + 1; ++size) {
    ThinkingSplitter splitter(is_thinking);
    Thought all;
    const auto add = [&](const Thought& thought) {
      all.reasoning += thought.reasoning;
      all.content += thought.content;
    };
    for (size_t at = 0; at < text.size(); at += size) add(splitter.Push(text.substr(at, size)));
    add(splitter.Finish());
    if (size == 1) first = all;
    EXPECT_EQ(all.reasoning, first.reasoning) << size;
    EXPECT_EQ(all.content, first.content) << size;
  }
  return first;
}

TEST(Thinking, IsWhatLiesBetweenTheTags) {
  const Thought thought = Split("\n<think>\nTwo and two.\n</think>\n\nFour < five.");
  EXPECT_EQ(thought.reasoning, "Two and two.\n");
  EXPECT_EQ(thought.content, "Four < five.");
}

TEST(Thinking, IsCountedInBytesFromTheBeginning) {
  const auto count = [](const std::string& text, bool is_thinking) {
    size_t bytes = 0;
    for (size_t size = 1; size <= text.size(); ++size) {
      ThinkingSplitter splitter(is_thinking);
      for (size_t at = 0; at < text.size(); at += size) splitter.Push(text.substr(at, size));
      splitter.Finish();
      if (size > 1) {
        EXPECT_EQ(splitter.thought_bytes(), bytes) << size;
      }
      bytes = splitter.thought_bytes();
    }
    return bytes;
  };
  EXPECT_EQ(count("\n<think>\nTwo.</think>\n\nFour.", false), 21u);
  EXPECT_EQ(count("Two.</think>Four.", true), 12u);
  EXPECT_EQ(count("<think>Two", false), 10u);
  EXPECT_EQ(count("Four. <think>", false), 0u);
  EXPECT_EQ(ThinkingSplitter(true).thought_bytes(), 0u);
}

TEST(Thinking, MayBeOpenedByThePrompt) {
  const Thought thought = Split("Well </ think> </think>Yes", true);
  EXPECT_EQ(thought.reasoning, "Well </ think> ");
  EXPECT_EQ(thought.content, "Yes");
}

TEST(Thinking, ThatDoesNotEndIsAllThereIs) {
  EXPECT_EQ(Split("<think>Hm </thin").reasoning, "Hm </thin");
  EXPECT_EQ(Split("<think>Hm </thin").content, "");
}

TEST(Thinking, OfAnAnswerWithoutTagsIsNone) {
  for (const std::string text : {"Four.", "  <thin", "a <think> b </think> c", "", " \n"}) {
    EXPECT_EQ(Split(text).content, text);
    EXPECT_EQ(Split(text).reasoning, "");
  }
}

TEST(Thinking, IsSeenAtTheEndOfAPrompt) {
  EXPECT_TRUE(OpensThinking("<|im_start|>assistant\n<think>\n"));
  EXPECT_FALSE(OpensThinking("<|im_start|>assistant\n<think>\n\n</think>\n\n"));
  EXPECT_FALSE(OpensThinking(""));
}

}  // namespace
}  // namespace hlwq::server
