#include "server/openai/constraints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "server/anthropic/messages_request.h"
#include "server/openai/responses_request.h"
#include "server/scheduler.h"
#include "tests/constrain/random_answer.h"
#include "tests/server/said.h"
#include "tests/server/small_model.h"

namespace hlwq::server {
namespace {

using namespace std::chrono_literals;
using nlohmann::ordered_json;
using testing::HasSubstr;

const ordered_json kSomeTools =
    ordered_json::parse(R"([{"type": "function", "function": {"name": "find",
  "parameters": {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}}},
  {"type": "function", "function": {"name": "stop", "parameters": null}}, {"type": "web_search"}])");

class Constraints : public testing::Test {
 protected:
  void SetUp() override { HLWQ_REQUIRE_GRAMMARS(); }

  test::SmallModel model_;
  chat::PlainText plain_text_{model_->tokenizer()};
  AnswerForms forms_{*model_};
  ModelContext context_{*model_, plain_text_, forms_, 1000};

  static ordered_json BodyWith(const char* fields) {
    ordered_json body = ordered_json::parse(fields);
    body["messages"] = {{{"role", "user"}, {"content", "the fox"}}};
    body["max_tokens"] = 64;
    return body;
  }
  // What the model, which knows nothing, answers.
  std::string Answer(const OpenAiRequest& read, uint64_t seed) {
    Request request = read.request;
    request.generate.sampler = {
        .temperature = 0.9, .top_k = 0, .top_p = 1, .min_p = 0, .seed = seed};
    Scheduler scheduler(*model_, {.cache = {.format = DType::kF16, .capacity = 256}});
    std::string text;
    const auto channel = scheduler.Submit(std::move(request));
    while (const auto event = channel->Next(60s)) {
      if (const auto* piece = std::get_if<Piece>(&*event)) text += piece->text;
      if (const auto* failure = std::get_if<Failure>(&*event)) ADD_FAILURE() << failure->message;
    }
    return text;
  }
  std::string Refusal(const ordered_json& body) const {
    try {
      ReadChatRequest(body, context_);
    } catch (const BadRequest& bad) {
      return bad.param + " " + bad.code + " " + bad.message;
    }
    return "none";
  }
};

TEST_F(Constraints, EveryWayToAskForAForm) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"enum": [7]}}}})",
       "7"},
      {R"({"response_format": {"type": "json_schema", "schema": {"const": "a"}}})", "\"a\""},
      {R"({"response_format": {"type": "json_object", "schema": {"const": {}}}})", "{}"},
      {R"({"response_format": {"type": "regex", "pattern": "[b]{3}"}})", "bbb"},
      {R"({"response_format": {"type": "grammar", "grammar": "root ::= \"x\" \"y\""}})", "xy"},
      {R"({"response_format": {"type": "structural_tag", "format": {"type": "const_string", "value": "v"}}})",
       "v"},
      {R"({"json_schema": {"const": 5}})", "5"},
      {R"({"grammar": "root ::= \"fox\""})", "fox"},
      {R"({"guided_json": "{\"const\": null}"})", "null"},
      {R"({"guided_regex": "ab{2}c"})", "abbc"},
      {R"({"guided_choice": ["one"]})", "one"},
      {R"({"guided_grammar": "root ::= \"g\""})", "g"},
      {R"({"structured_outputs": {"json": {"const": true}}})", "true"},
      {R"({"structured_outputs": {"choice": ["two"]}})", "two"},
      {R"({"grammar": "root ::= \"end\"", "ignore_eos": true})", "end"},
  };
  for (const auto& [fields, answer] : cases) {
    const OpenAiRequest read = ReadChatRequest(BodyWith(fields), context_);
    ASSERT_TRUE(read.request.grammar) << fields;
    EXPECT_EQ(Answer(read, 1), answer) << fields;
  }
  const ordered_json completion = {
      {"prompt", "the"}, {"max_tokens", 9}, {"grammar", "root ::= \"fox\""}};
  EXPECT_EQ(Answer(ReadCompletionRequest(completion, context_), 1), "fox");
  const ordered_json messages = {
      {"messages", {{{"role", "user"}, {"content", "x"}}}},
      {"max_tokens", 9},
      {"output_config", {{"format", {{"type", "json_schema"}, {"schema", {{"const", 3}}}}}}}};
  EXPECT_EQ(Answer(ReadMessagesRequest(messages, context_), 1), "3");
  const ordered_json responses = {
      {"input", "x"},
      {"max_output_tokens", 9},
      {"text", {{"format", {{"type", "json_schema"}, {"name", "n"}, {"schema", {{"const", 4}}}}}}}};
  EXPECT_EQ(Answer(ReadResponsesRequest(responses, context_), 1), "4");
  EXPECT_FALSE(ReadChatRequest(BodyWith(R"({"response_format": {"type": "text"}})"), context_)
                   .request.grammar);
}

TEST_F(Constraints, ForcedCallsComeOutAsCalls) {
  size_t complete = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    ordered_json body = BodyWith(R"({"tool_choice": "required"})");
    body["tools"] = kSomeTools;
    const OpenAiRequest read = ReadChatRequest(body, context_);
    AnswerSplitter splitter(read.split);
    const std::string answer = Answer(read, seed);
    test::Said said;
    said.Add(splitter.Push(answer));
    said.Add(splitter.Finish());
    if (!ordered_json::accept(answer)) continue;  // 64 tokens were too few
    ++complete;
    ASSERT_EQ(said.calls.size(), 1u) << answer;
    const test::SaidCall& call = said.calls.front();
    EXPECT_TRUE(
        call.name == "stop" ||
        (call.name == "find" && ordered_json::parse(call.arguments)["count"].is_number_integer()))
        << answer;
  }
  EXPECT_GT(complete, 5u);
}

TEST_F(Constraints, OneFunctionCanBeForced) {
  const auto with_choice = [](ordered_json choice) {
    ordered_json body = BodyWith("{}");
    body["tools"] = kSomeTools;
    body["tool_choice"] = std::move(choice);
    return body;
  };
  const auto name_of = [&](const OpenAiRequest& read) { return Answer(read, 1).substr(0, 14); };
  const ordered_json find = {{"type", "function"}, {"function", {{"name", "find"}}}};
  EXPECT_EQ(name_of(ReadChatRequest(with_choice(find), context_)), R"({"name": "find)");
  ordered_json responses = {
      {"input", "x"},
      {"tools", {{{"type", "function"}, {"name", "stop"}, {"parameters", {{"type", "object"}}}}}},
      {"tool_choice", {{"type", "function"}, {"name", "stop"}}}};
  EXPECT_EQ(name_of(ReadResponsesRequest(responses, context_)), R"({"name": "stop)");
  ordered_json messages = {{"messages", {{{"role", "user"}, {"content", "x"}}}},
                           {"max_tokens", 30},
                           {"tools", {{{"name", "look"}, {"input_schema", {{"type", "object"}}}}}},
                           {"tool_choice", {{"type", "tool"}, {"name", "look"}}}};
  EXPECT_EQ(name_of(ReadMessagesRequest(messages, context_)), R"({"name": "look)");
  messages["tool_choice"] = {{"type", "any"}};
  EXPECT_EQ(name_of(ReadMessagesRequest(messages, context_)), R"({"name": "look)");
  EXPECT_THAT(Refusal(with_choice({{"type", "function"}, {"function", {{"name", "other"}}}})),
              HasSubstr("or a function of the tools, got 'other'"));
}

// What was asked for as JSON is an answer, and comes as it is written, whatever it names.
TEST_F(Constraints, JsonThatWasAskedForIsNoCall) {
  ordered_json body = BodyWith(R"({"response_format": {"type": "json_object"}})");
  body["tools"] = kSomeTools;
  const auto said_in = [&](const OpenAiRequest& read) {
    AnswerSplitter splitter(read.split);
    test::Said said;
    said.Add(splitter.Push(R"({"name": "find", "arguments": {"count": 1}})"));
    said.Add(splitter.Finish());
    return said;
  };
  EXPECT_EQ(said_in(ReadChatRequest(body, context_)).order, "t");
  body.erase("response_format");
  EXPECT_EQ(said_in(ReadChatRequest(body, context_)).order, "c");
  body["tool_choice"] = "none";
  EXPECT_EQ(said_in(ReadChatRequest(body, context_)).order, "t");
}

TEST_F(Constraints, ThatMakeNoSenseSayWhy) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"response_format": {"type": "json_schema"}})",
       "response_format invalid_value 'response_format': want 'schema'"},
      {R"({"response_format": {"type": "json_schema", "json_schema": {"schema": 5}}})",
       "want a JSON schema, got 5"},
      {R"({"response_format": {"type": "yaml"}})", "got \"yaml\""},
      {R"({"response_format": {"type": "structural_tag", "format": 5}})", "response_format"},
      {R"({"response_format": "json"})", "want a JSON object"},
      {R"({"grammar": "root ::= x"})", "grammar invalid_value 'grammar': EBNF"},
      {R"({"grammar": 7})", "'grammar': want a string, got 7"},
      {R"({"guided_choice": []})", "'guided_choice': want up to 1000 strings"},
      {R"({"guided_choice": ["a", 5]})", "'guided_choice'"},
      {R"({"guided_regex": "("})", "parenthesis"},
      {R"({"grammar": "root ::= \"a\"", "json_schema": {}})", "want one form for the answer"},
      {R"({"tool_choice": "required"})", "\"required\" wants tools, got none"},
      {R"({"tool_choice": "sometimes"})", "'tool_choice'"},
      {R"({"thinking_budget": "much"})", "'thinking_budget'"},
  };
  for (const auto& [fields, words] : cases)
    EXPECT_THAT(Refusal(BodyWith(fields)), HasSubstr(words)) << fields;
}

// What else runs changes nothing where an answer has a form.
TEST_F(Constraints, AnswersWithFormsDoNotDependOnEachOther) {
  std::vector<Request> requests;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    Request request =
        ReadChatRequest(
            BodyWith(seed % 2 == 0 ? R"({"response_format": {"type": "json_object"}})" : "{}"),
            context_)
            .request;
    request.generate.sampler = {
        .temperature = 0.9, .top_k = 0, .top_p = 1, .min_p = 0, .seed = seed};
    requests.push_back(std::move(request));
  }
  const SchedulerOptions options = {.cache = {.format = DType::kF16, .capacity = 256},
                                    .most_active = 3};
  const auto text_of = [](AnswerChannel& channel) {
    std::string text;
    while (const auto event = channel.Next(60s)) {
      if (const auto* piece = std::get_if<Piece>(&*event)) text += piece->text;
    }
    return text;
  };
  std::vector<std::string> alone, together;
  {
    Scheduler scheduler(*model_, options);
    for (const Request& request : requests) alone.push_back(text_of(*scheduler.Submit(request)));
  }
  Scheduler scheduler(*model_, options);
  std::vector<std::shared_ptr<AnswerChannel>> channels;
  for (const Request& request : requests) channels.push_back(scheduler.Submit(request));
  for (const auto& channel : channels) together.push_back(text_of(*channel));
  EXPECT_EQ(together, alone);
}

TEST(ConstraintsAbsent, AreRefused) {
  if (constrain::IsAvailable()) GTEST_SKIP() << "built with xgrammar";
  test::SmallModel model;
  const AnswerForms forms(*model);
  const ordered_json body = {{"grammar", "root ::= \"a\""}};
  EXPECT_THROW(forms.OfCompletion(Fields(body)), BadRequest);
}

}  // namespace
}  // namespace hlwq::server
