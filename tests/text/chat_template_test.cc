#include "text/chat_template.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/shared_data.h"

namespace hlwq::text {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

ordered_json VariablesOf(const ordered_json& golden) {
  ordered_json variables = golden["kwargs"];
  variables["messages"] = golden["messages"];
  variables["tools"] = golden["tools"];
  return variables;
}

void ExpectGoldens(const std::string& source, const std::filesystem::path& goldens) {
  const ChatTemplate chat(source);
  const ordered_json cases = ordered_json::parse(ReadText(goldens));
  ASSERT_FALSE(cases.empty());
  for (const ordered_json& golden : cases) {
    EXPECT_EQ(chat.Render(VariablesOf(golden)), golden["rendered"].get<std::string>())
        << golden["messages"];
  }
}

TEST(ChatTemplate, RendersAsTransformersDoesForQwen3) {
  const std::filesystem::path folder = test::SharedData("tokenizers/qwen3");
  HLWQ_REQUIRE_SHARED(folder);
  const json config = json::parse(ReadText(folder / "tokenizer_config.json"));
  const std::optional<std::string> source = FindChatTemplate(config, false);
  ASSERT_TRUE(source);
  ExpectGoldens(*source, folder / "golden_chat.json");
}

TEST(ChatTemplate, RendersAsTransformersDoesForQwen35) {
  const std::filesystem::path folder = test::SharedData("configs/qwen3.5-25b-a3b-reap");
  HLWQ_REQUIRE_SHARED(folder);
  ExpectGoldens(ReadText(folder / "chat_template.jinja"), folder / "golden_chat.json");
}

// Cases that tools/golden/make_templates.py has rendered with Jinja itself.
ordered_json ReadGolden(const char* name) {
  return ordered_json::parse(ReadText(test::Golden("good/template") / name));
}

// What came out: {"output": ...}, {"raises": ...} or {"fails": true}, as the cases say it.
ordered_json Outcome(const std::string& source, const ordered_json& variables) {
  try {
    return {{"output", ChatTemplate(source).Render(variables)}};
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInvalidArgument) return {{"raises", error.what()}};
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    EXPECT_THAT(error.what(), testing::StartsWith("line "));
    return {{"fails", true}};
  }
}

ordered_json Expected(const ordered_json& golden) {
  for (const char* kind : {"output", "raises"}) {
    if (golden.contains(kind)) return {{kind, golden[kind]}};
  }
  return {{"fails", true}};
}

TEST(ChatTemplate, RendersExpressionsAndStatementsAsJinjaDoes) {
  const ordered_json goldens = ReadGolden("expressions.json");
  ASSERT_GT(goldens["cases"].size(), 1000u);
  for (const ordered_json& golden : goldens["cases"]) {
    const auto source = golden["template"].get<std::string>();
    EXPECT_EQ(Outcome(source, goldens["variables"]), Expected(golden)) << source;
  }
}

TEST(ChatTemplate, RendersThePublishedStylesAsJinjaDoes) {
  const ordered_json goldens = ReadGolden("styles.json");
  ASSERT_GT(goldens["cases"].size(), 300u);
  for (const ordered_json& golden : goldens["cases"]) {
    ordered_json variables = golden["variables"];
    const auto conversation = golden["conversation"].get<std::string>();
    variables["messages"] = goldens["conversations"][conversation];
    if (golden["has_tools"]) variables["tools"] = goldens["tools"];
    const auto style = golden["style"].get<std::string>();
    EXPECT_EQ(Outcome(goldens["templates"][style], variables), Expected(golden))
        << style << " " << conversation << " " << golden["has_tools"];
  }
}

TEST(ChatTemplate, SaysWhatIsNotSupportedAndWhere) {
  for (const ordered_json& source : ReadGolden("unsupported.json")) {
    try {
      const ordered_json variables = {{"list", {1, 2}}, {"record", ordered_json::object()}};
      ChatTemplate("\n\n  " + source.get<std::string>()).Render(variables);
      ADD_FAILURE() << source;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported) << error.what();
      EXPECT_THAT(error.what(), testing::StartsWith("line 3"));
      EXPECT_THAT(error.what(), testing::EndsWith("is not supported"));
    }
  }
}

TEST(ChatTemplate, WhatIsNotSupportedMattersOnlyWhereItIsReached) {
  for (const char* part : {"{{ x|from_json }}", "{{ x|from_json(1)|upper }}", "{{ x is sorted 3 }}",
                           "{% filter random %}a{% endfilter %}", "{% include 'x' %}",
                           "{% from 'x' import y with context %}", "{% import 'x' as y %}"}) {
    const ChatTemplate chat(fmt::format("{{% if x %}}{}{{% endif %}}hi", part));
    EXPECT_EQ(chat.Render({{"x", false}}), "hi") << part;
    EXPECT_THROW(chat.Render({{"x", true}}), Error) << part;
  }
}

TEST(ChatTemplate, HostileAndBrokenTemplatesEndInAnError) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::Golden("bad/template"))) {
    EXPECT_THROW(ChatTemplate(ReadText(entry.path()))
                     .Render(ordered_json::object(), {.memory_bytes = 64 << 20}),
                 Error)
        << entry.path();
    ++count;
  }
  EXPECT_GT(count, 70u);
}

ErrorCode CodeOf(const std::string& source, const ordered_json& variables, TemplateLimits limits) {
  try {
    ChatTemplate(source).Render(variables, limits);
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "no error: " << source;
  return ErrorCode::kIo;
}

TEST(ChatTemplate, LimitsHoldToTheByte) {
  const ChatTemplate ten("{% for i in range(10) %}x{% endfor %}");
  EXPECT_EQ(ten.Render(ordered_json::object(), {.output_bytes = 10}), "xxxxxxxxxx");
  EXPECT_THROW(ten.Render(ordered_json::object(), {.output_bytes = 9}), Error);
  EXPECT_EQ(ten.Render(ordered_json::object(), {.steps = 100}), "xxxxxxxxxx");
  EXPECT_THROW(ten.Render(ordered_json::object(), {.steps = 20}), Error);
  const std::string kilobyte = "{{ ('x' * 1024)|length }}";
  EXPECT_EQ(ChatTemplate(kilobyte).Render(ordered_json::object(), {.memory_bytes = 4096}), "1024");
  EXPECT_EQ(CodeOf(kilobyte, ordered_json::object(), {.memory_bytes = 1024}),
            ErrorCode::kInvalidData);
}

TEST(ChatTemplate, WhatTheTemplateRaisesIsItsOwnWords) {
  const ordered_json variables = {{"role", "narrator"}};
  try {
    ChatTemplate("{{ raise_exception('no ' ~ role ~ 's') }}").Render(variables);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_STREQ(error.what(), "no narrators");
  }
}

TEST(ChatTemplate, ErrorsNameTheLineAndWhatIsWrong) {
  const auto message = [](const std::string& source) -> std::string {
    try {
      return ChatTemplate(source).Render(ordered_json::object());
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_EQ(message("a\n{{ b.c }}"), "line 2: 'b' is undefined");
  EXPECT_EQ(message("{% macro m(a) %}\n{{ a + 1 }}{% endmacro %}\n\n{{ m('') }}"),
            "line 2: can only concatenate str (not \"int\") to str");
  EXPECT_EQ(message("\n\n  {% if 1 %}{% endfor %}"),
            "line 3, column 16: unexpected 'endfor', expected 'elif' or 'else' or 'endif'");
  EXPECT_EQ(message("{{ 1 +\n }}"), "line 2, column 2: expected an expression, got '}}'");
  EXPECT_EQ(message("{{ {}.a.b }}"), "line 1: 'dict object' has no attribute 'a'");
}

TEST(ChatTemplate, VariablesThatNoTemplateCanHoldAreRefused) {
  ordered_json deep = 1;
  for (int level = 0; level < 200; ++level) deep = ordered_json::array({deep});
  for (const ordered_json& variables :
       {ordered_json(nullptr), ordered_json::array(), ordered_json{{"a", deep}},
        ordered_json{{"a", 18446744073709551615u}}}) {
    EXPECT_EQ(CodeOf("x", variables, {}), ErrorCode::kInvalidData) << variables;
  }
}

TEST(ChatTemplate, TellsTheTime) {
  const std::string date =
      ChatTemplate("{{ strftime_now('%Y-%m-%d') }}").Render(ordered_json::object());
  EXPECT_THAT(date, testing::MatchesRegex("2[0-9]{3}-[01][0-9]-[0-3][0-9]"));
}

TEST(FindChatTemplate, TakesTheStringOrTheOneThatFits) {
  const json named = json::parse(R"({"chat_template": [{"name": "default", "template": "a"},
                                                       {"name": "tool_use", "template": "b"}]})");
  EXPECT_EQ(FindChatTemplate(named, false), "a");
  EXPECT_EQ(FindChatTemplate(named, true), "b");
  EXPECT_EQ(FindChatTemplate(json{{"chat_template", "c"}}, true), "c");
  EXPECT_EQ(FindChatTemplate(json::object(), false), std::nullopt);
  EXPECT_EQ(FindChatTemplate(json{{"chat_template", nullptr}}, false), std::nullopt);
  for (const char* bad : {R"(5)", R"([])", R"(["a"])", R"([{"name": "default"}])",
                          R"([{"name": "default", "template": 5}])"}) {
    EXPECT_THROW(FindChatTemplate(json{{"chat_template", json::parse(bad)}}, false), Error) << bad;
  }
}

// The names in backticks after `label` in a section of docs/chat-templates.md.
std::vector<std::string> NamesInPage(const std::string& section, const std::string& label) {
  const std::string page = ReadText(test::Golden("../../docs/chat-templates.md"));
  const size_t begin = page.find(label, page.find("## " + section));
  const size_t end = page.find("\n\n", begin);
  std::vector<std::string> names;
  for (size_t at = page.find('`', begin); at < end; at = page.find('`', at + 1)) {
    const size_t first = at + 1;
    at = page.find('`', first);
    names.push_back(page.substr(first, at - first));
  }
  EXPECT_FALSE(names.empty()) << section << ": " << label;
  return names;
}

TEST(ChatTemplate, ThePageAboutItsFiltersAndTestsIsTrue) {
  for (const auto& [section, use] :
       {std::pair("Filters", "{{{{ x | {} }}}}"), std::pair("Tests", "{{{{ x is {} }}}}")}) {
    for (const std::string& name : NamesInPage(section, "\nSupported:")) {
      EXPECT_NO_THROW(ChatTemplate(fmt::format(fmt::runtime(use), name))) << name;
    }
  }
  for (const std::string& name : NamesInPage("Filters", "\nNot supported:")) {
    EXPECT_THROW(ChatTemplate(fmt::format("{{{{ x | {} }}}}", name)).Render({{"x", 1}}), Error)
        << name;
  }
}

}  // namespace
}  // namespace hlwq::text
