#include "server/bound_calls.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "constrain/formats.h"
#include "constrain/tool_formats.h"
#include "server/tool_calls.h"
#include "tests/constrain/random_answer.h"
#include "tests/server/said.h"

namespace hlwq::server {
namespace {

using constrain::ToolStyle;
using nlohmann::ordered_json;

constexpr ToolStyle kStyles[] = {ToolStyle::kJson, ToolStyle::kLlama, ToolStyle::kMistral,
                                 ToolStyle::kHermes, ToolStyle::kQwenXml};

const ordered_json kDeclared = ordered_json::parse(R"([
  {"type": "function", "function": {"name": "write", "parameters": {"type": "object", "properties": {
    "path": {"type": "string"}, "text": {"type": "string"}, "count": {"type": "integer"},
    "where": {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "number"}}}},
    "kind": {"enum": ["x", "y"]}, "maybe": {"type": ["string", "null"]}}, "required": ["path", "count"]}}},
  {"type": "function", "function": {"name": "write2", "parameters": {"type": "object"}}},
  {"type": "web_search"}, 5])");

std::vector<constrain::Function> Functions() {
  std::vector<constrain::Function> functions;
  for (const ordered_json& tool : kDeclared) {
    if (!tool.is_object() || !tool.contains("function")) continue;
    functions.push_back({tool["function"]["name"], tool["function"]["parameters"]});
  }
  return functions;
}

test::Said SaidIn(const std::vector<std::string>& pieces, std::optional<ToolStyle> bound) {
  ToolCallSplitter splitter({.tools = kDeclared, .bound = bound});
  test::Said said;
  for (const std::string& piece : pieces) {
    Parts parts;
    splitter.Push(piece, parts);
    said.Add(parts);
  }
  Parts parts;
  splitter.Finish(parts);
  said.Add(parts);
  return said;
}

std::string CallIn(ToolStyle style, const std::string& function, const std::string& arguments) {
  const constrain::CallFrame frame = constrain::CallFrameOf(function, style);
  return frame.begin + arguments + frame.end;
}

// Texts with all that could be mistaken for something else.
std::string RandomText(std::mt19937& random) {
  constexpr const char* kBits[] = {"a",
                                   "é",
                                   "\n",
                                   "\"",
                                   "\\",
                                   "<",
                                   "</",
                                   "</para",
                                   "</parameter",
                                   "</function>",
                                   "</tool_call>",
                                   "<tool_call>",
                                   "<parameter=x>",
                                   "{}",
                                   "}",
                                   " ",
                                   "\xF0\x9F\x98\x80",
                                   "true",
                                   "1",
                                   "<function=write>\n"};
  std::string text;
  for (auto bits = random() % 9; bits > 0; --bits) text += kBits[random() % std::size(kBits)];
  return text;
}

// A call with such texts, and adds what it means.
std::string RandomCall(ToolStyle style, std::mt19937& random, std::vector<ordered_json>& meant) {
  ordered_json arguments = {{"path", RandomText(random)}};
  if (random() % 2 == 0) arguments["text"] = RandomText(random);
  arguments["count"] = static_cast<int>(random() % 2000) - 1000;
  if (random() % 2 == 0) arguments["where"] = {{"a", {1.5, -2, 3e-7}}};
  if (random() % 2 == 0) arguments["kind"] = "y";
  meant.push_back(arguments);
  if (style != ToolStyle::kQwenXml) {
    const int indent = static_cast<int>(random() % 3) - 1;
    return CallIn(style, "write", arguments.dump(indent, ' ', random() % 2 == 0));
  }
  std::string elements;
  for (const auto& [key, value] : arguments.items()) {
    const std::string written = value.is_string() ? value.get<std::string>() : value.dump();
    if (!elements.empty()) elements += '\n';
    elements += "<parameter=" + key + ">\n" + written + "\n</parameter>";
  }
  return CallIn(style, "write", elements);
}

// Answers that grammars let pass: some from a model that knows nothing, others made to be hard to read.
class BoundAnswers : public testing::TestWithParam<ToolStyle> {
 protected:
  void SetUp() override {
    HLWQ_REQUIRE_GRAMMARS();
    const text::Tokenizer tokenizer = test::ByteLevelTokenizer();
    const auto end = static_cast<text::TokenId>(tokenizer.size() - 1);
    const constrain::Compiler compiler(tokenizer, tokenizer.size(), std::span(&end, 1));
    const constrain::ToolWriting writing = {.style = GetParam()};
    const auto add = [&](const constrain::Format& format) {
      const auto grammar = compiler.Compile(format);
      std::mt19937 random(1);
      for (int tries = 0; tries < 200; ++tries) {
        std::vector<ordered_json> meant;
        std::string answer = RandomCall(GetParam(), random, meant);
        if (GetParam() == ToolStyle::kMistral) {
          if (random() % 2 == 0) answer += ", " + RandomCall(GetParam(), random, meant);
          answer = "[" + answer + "]";
        } else if (constrain::IsTagged(GetParam()) && random() % 2 == 0) {
          answer += "\n" + RandomCall(GetParam(), random, meant);
        }
        if (!test::Accepts(*grammar, tokenizer, end, answer)) continue;
        answers_.push_back(answer);
        meant_.emplace_back(std::move(answer), std::move(meant));
      }
      EXPECT_GT(meant_.size(), 20u);
      for (unsigned seed = 0; seed < 60; ++seed) {
        if (auto answer = test::RandomAnswer(*grammar, tokenizer, end, seed))
          answers_.push_back(std::move(*answer));
      }
    };
    add(constrain::CallsOf(Functions(), writing));
    // Texts with calls in them.
    if (const auto text = constrain::TextWithCallsOf(Functions(), writing)) add(*text);
    ASSERT_GT(answers_.size(), 20u);
  }

  std::vector<std::string> answers_;
  std::vector<std::pair<std::string, std::vector<ordered_json>>> meant_;
};

INSTANTIATE_TEST_SUITE_P(, BoundAnswers, testing::ValuesIn(kStyles));

TEST_P(BoundAnswers, AreTheSameHoweverTheyAreCut) {
  size_t calls = 0, parallel = 0;
  for (const std::string& answer : answers_) {
    const test::Said whole = SaidIn({answer}, GetParam());
    for (unsigned seed = 0; seed < 30; ++seed)
      ASSERT_EQ(SaidIn(test::RandomPieces(answer, seed), GetParam()), whole) << answer;
    calls += whole.calls.size();
    parallel += whole.calls.size() > 1 ? 1 : 0;
    for (const test::SaidCall& call : whole.calls) {
      EXPECT_TRUE(call.is_whole) << answer;
      EXPECT_TRUE(call.name == "write" || call.name == "write2") << answer;
      const ordered_json arguments = ordered_json::parse(call.arguments, nullptr, false);
      ASSERT_TRUE(arguments.is_object()) << answer << "\n" << call.arguments;
      if (call.name == "write") {
        EXPECT_TRUE(arguments["path"].is_string() && arguments["count"].is_number_integer())
            << answer;
      }
    }
  }
  EXPECT_GT(calls, 20u);
  const bool can_be_several = GetParam() == ToolStyle::kMistral || constrain::IsTagged(GetParam());
  EXPECT_EQ(parallel > 0, can_be_several);
}

// What was told before the end is told of the whole answer too.
TEST_P(BoundAnswers, ThatAreCutOffAreTheBeginningOfTheWhole) {
  for (const std::string& answer : answers_) {
    const test::Said whole = SaidIn({answer}, GetParam());
    for (size_t size = 0; size < answer.size(); size += 1 + size / 7) {
      if (!BeginsCharacter(answer[size])) continue;
      const std::string part = answer.substr(0, size);
      const test::Said said = SaidIn({part}, GetParam());
      ASSERT_EQ(SaidIn(test::RandomPieces(part, static_cast<unsigned>(size)), GetParam()), said)
          << part;
      ASSERT_LE(said.calls.size(), whole.calls.size()) << part;
      for (size_t i = 0; i < said.calls.size(); ++i) {
        EXPECT_EQ(said.calls[i].name, whole.calls[i].name);
        EXPECT_TRUE(whole.calls[i].arguments.starts_with(said.calls[i].arguments)) << part;
        EXPECT_EQ(said.calls[i].is_whole, said.calls[i].arguments == whole.calls[i].arguments)
            << part;
        EXPECT_TRUE(said.calls[i].is_whole || i + 1 == said.calls.size()) << part;
      }
    }
  }
}

TEST_P(BoundAnswers, AreReadAsTheyWereMeant) {
  for (const auto& [answer, meant] : meant_) {
    const test::Said said = SaidIn({answer}, GetParam());
    EXPECT_EQ(said.content, "");
    ASSERT_EQ(said.calls.size(), meant.size()) << answer;
    for (size_t i = 0; i < meant.size(); ++i)
      EXPECT_EQ(ordered_json::parse(said.calls[i].arguments), meant[i]) << answer;
  }
}

TEST(BoundCalls, ComeWhileTheyAreWritten) {
  ToolCallSplitter splitter({.tools = kDeclared, .bound = ToolStyle::kHermes});
  const auto push = [&](const char* text) {
    Parts parts;
    splitter.Push(text, parts);
    test::Said said;
    if (!parts.empty() && std::holds_alternative<CallArguments>(parts.front()))
      said.calls.push_back({});
    said.Add(parts);
    return said;
  };
  EXPECT_EQ(push("Well: <tool_call>\n{\"name\": \"wri").content, "Well:");
  EXPECT_TRUE(push("te\", \"arguments\": ").order == "c");
  EXPECT_EQ(push("{\"path\": \"a").calls[0].arguments, "{\"path\":\"a");
  EXPECT_EQ(push("b\\").calls[0].arguments, "b");
  EXPECT_EQ(push("n</tool_call>\"").calls[0].arguments, "\\n</tool_call>\"");
  EXPECT_TRUE(push(", \"count\": 1}").calls[0].is_whole);
  EXPECT_TRUE(push("}\n</tool_call>\n").calls.empty());
  EXPECT_EQ(push("Done.").content, "Done.");
}

TEST(BoundCalls, TextsOfElementsComeWhileTheyAreWritten) {
  ToolCallSplitter splitter({.tools = kDeclared, .bound = ToolStyle::kQwenXml});
  std::vector<std::string> pieces;
  for (const char* text :
       {"<tool_call>\n<function=write>\n", "<parameter=path>\nsome", "thing \"é\"\n", "more</para",
        "graph>\n</parameter", ">\n<parameter=count>\n1", "2\n", "</parameter>\n", "</function>\n",
        "</tool_call>"}) {
    Parts parts;
    splitter.Push(text, parts);
    pieces.emplace_back();
    for (const Part& part : parts) {
      if (const auto* arguments = std::get_if<CallArguments>(&part))
        pieces.back() += arguments->json;
    }
  }
  EXPECT_EQ(pieces, (std::vector<std::string>{"", "{\"path\":\"some", "thing \\\"é\\\"", "\\nmore",
                                              "</paragraph>", "\"", "", ",\"count\":12", "}", ""}));
}

TEST(BoundCalls, HalfOfASurrogatePairIsNoCharacter) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"a": "\ud83d\ude00"})", R"({"a":"\ud83d\ude00"})"},
      {R"({"a": "\ud83d"})", R"({"a":"\ufffd"})"},
      {R"({"a": "\ude00x"})", R"({"a":"\ufffdx"})"},
      {R"({"a": "\ud83d\ud83d\ude00\n"})", R"({"a":"\ufffd\ud83d\ude00\n"})"},
      {R"({"a": "\ud83d\\ude00"})", R"({"a":"\ufffd\\ude00"})"},
      {R"({ "a" : [ 1 , "b c" ] })", R"({"a":[1,"b c"]})"}};
  for (const auto& [written, told] : cases) {
    const std::string answer = CallIn(ToolStyle::kHermes, "write2", written);
    const test::Said said = SaidIn({answer}, ToolStyle::kHermes);
    EXPECT_EQ(said.calls, (std::vector<test::SaidCall>{{"write2", told, true}})) << written;
    for (unsigned seed = 0; seed < 20; ++seed)
      EXPECT_EQ(SaidIn(test::RandomPieces(answer, seed), ToolStyle::kHermes), said) << written;
    EXPECT_TRUE(ordered_json::accept(told));
  }
}

// No grammar lets these pass; still nothing of them is lost, and nothing is taken for whole that is not.
TEST(BoundCalls, WhatIsNotOfTheFormatIsReadLenientlyOrLeftAsText) {
  const std::string call = CallIn(ToolStyle::kHermes, "write2", "{\"a\": 1}");
  struct Case {
    std::string text;
    test::Said said;
  };
  const auto said = [](std::string content, std::vector<test::SaidCall> calls, std::string order) {
    test::Said made;
    made.content = std::move(content);
    made.calls = std::move(calls);
    made.order = std::move(order);
    return made;
  };
  const Case cases[] = {
      {"<tool_call>{\"name\": \"write2\"}</tool_call>", said("", {{"write2", "{}", true}}, "c")},
      {"<tool_call>\n{\"name\": \"other\", \"arguments\": {}}</tool_call>",
       said("", {{"other", "{}", true}}, "c")},
      {"<tool_call>none</tool_call> " + call,
       said("<tool_call>none</tool_call>", {{"write2", "{\"a\":1}", true}}, "tc")},
      {"<tool_call>\n{\"name\": \"write2\", \"arguments\": {\"a\": ]}} x",
       said("]}} x", {{"write2", "{\"a\":", false}}, "ct")},
      {"<tool_call>\n{\"name\": \"write2\", \"arguments\": 7}",
       said("7}", {{"write2", "", false}}, "ct")},
      {"<tool_call>\n{\"name\": \"write2\", \"arguments\": {}, \"more\": 1}",
       said(", \"more\": 1}", {{"write2", "{}", true}}, "ct")},
      {"<tool_call>\n{\"name\": \"write2\", \"arg",
       said("<tool_call>\n{\"name\": \"write2\", \"arg", {}, "t")},
  };
  for (const Case& one : cases) {
    for (unsigned seed = 0; seed < 20; ++seed)
      EXPECT_EQ(SaidIn(test::RandomPieces(one.text, seed), ToolStyle::kHermes), one.said)
          << one.text;
  }
  const std::string deep(100, '[');
  const test::Said broken =
      SaidIn({CallIn(ToolStyle::kHermes, "write2", "{\"a\": " + deep)}, ToolStyle::kHermes);
  ASSERT_EQ(broken.calls.size(), 1u);
  EXPECT_FALSE(broken.calls[0].is_whole);
  EXPECT_EQ(SaidIn({"Hello [there]"}, ToolStyle::kMistral).content, "Hello [there]");
  EXPECT_EQ(SaidIn({"[1, 2]"}, ToolStyle::kMistral).content, "[1, 2]");
}

}  // namespace
}  // namespace hlwq::server
