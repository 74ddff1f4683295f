#include <gtest/gtest.h>

#include "constrain/tool_formats.h"
#include "tests/constrain/random_answer.h"
#include "tests/server/http_server.h"
#include "tests/support/await.h"

namespace hlwq::server {
namespace {

using constrain::ToolStyle;
using nlohmann::json;
using test::kChat;

// Templates that teach how to call: the words that tell them are enough.
struct Teaching {
  const char* words;
  ToolStyle style;
};
const Teaching kTeachings[] = {
    {"", ToolStyle::kJson},
    {"{# ipython \"parameters\" #}", ToolStyle::kLlama},
    {"{# [TOOL_CALLS] #}", ToolStyle::kMistral},
    {"{# <tool_call> #}", ToolStyle::kHermes},
    {"{# <tool_call> <function= #}", ToolStyle::kQwenXml},
};

const json kParameters =
    json::parse(R"({"type": "object", "properties": {"name": {"type": "string"},
  "count": {"type": "integer"}, "more": {"type": "array", "items": {"type": "boolean"}}}, "required": ["name", "count"]})");

struct Told {
  std::vector<std::pair<std::string, std::string>> calls;  // names and arguments
  std::string end;
  size_t pieces = 0;  // of arguments, in the stream
  bool operator==(const Told& other) const { return calls == other.calls && end == other.end; }
};

// The same request by three APIs, answered by a model that knows nothing but what the grammar lets pass.
class HttpTools : public test::HttpServer, public testing::WithParamInterface<Teaching> {
 protected:
  void SetUp() override {
    HLWQ_REQUIRE_GRAMMARS();
    chat_template_ = GetParam().words + std::string("{{messages[0].content}}");
    ASSERT_EQ(constrain::ToolStyleOf(chat_template_), GetParam().style);
    Start();
  }

  static json Fields(unsigned seed) {
    return {{"seed", seed}, {"temperature", 1.1}, {"top_p", 1}, {"top_k", 0}, {"min_p", 0}};
  }
  static json ChatBody(unsigned seed, int tokens) {
    json body = Fields(seed);
    body["messages"] = {{{"role", "user"}, {"content", "the fox"}}};
    body["max_tokens"] = tokens;
    body["tools"] = {
        {{"type", "function"}, {"function", {{"name", "write"}, {"parameters", kParameters}}}},
        {{"type", "function"}, {"function", {{"name", "stop"}}}}};
    body["tool_choice"] = "required";
    return body;
  }

  static Told WholeChat(const json& choice) {
    Told told;
    for (const json& call : choice["message"].value("tool_calls", json::array()))
      told.calls.emplace_back(call["function"]["name"], call["function"]["arguments"]);
    told.end = choice["finish_reason"];
    return told;
  }
  std::vector<Told> StreamedChat(json body, size_t choices) {
    body["stream"] = true;
    std::vector<Told> told(choices);
    for (const json& chunk : Stream(kChat, body.dump())) {
      for (const json& choice : chunk["choices"]) {
        Told& to = told.at(choice["index"]);
        for (const json& call : choice["delta"].value("tool_calls", json::array())) {
          if (call.contains("id")) {
            EXPECT_EQ(call["index"], to.calls.size());
            to.calls.emplace_back(call["function"]["name"], "");
          }
          EXPECT_EQ(call["index"], to.calls.size() - 1);
          to.calls.back().second += call["function"].value("arguments", "");
          ++to.pieces;
        }
        if (!choice["finish_reason"].is_null()) to.end = choice["finish_reason"];
      }
    }
    return told;
  }
};

INSTANTIATE_TEST_SUITE_P(, HttpTools, testing::ValuesIn(kTeachings));

TEST_P(HttpTools, ChatStreamsWhatTheWholeAnswerHas) {
  size_t whole_calls = 0, cut_calls = 0, pieces = 0;
  for (unsigned seed = 0; seed < 12; ++seed) {
    json body = ChatBody(seed, seed % 3 == 0 ? 25 : 120);
    body["n"] = 2;
    const json answer = Post(kChat, body.dump()).second;
    ASSERT_EQ(answer["choices"].size(), 2u) << answer;
    const std::vector<Told> streamed = StreamedChat(body, 2);
    for (size_t choice = 0; choice < 2; ++choice) {
      const Told whole = WholeChat(answer["choices"][choice]);
      EXPECT_EQ(streamed[choice], whole) << answer;
      pieces += streamed[choice].pieces;
      if (whole.calls.empty()) continue;
      const bool is_json = json::accept(whole.calls.back().second);
      (is_json ? whole_calls : cut_calls) += 1;
      // A call that is not whole was cut off, and the answer says so.
      EXPECT_TRUE(is_json || whole.end == "length") << answer;
    }
  }
  EXPECT_GT(whole_calls, 0u);
  EXPECT_GT(cut_calls, 0u);
  EXPECT_GT(pieces, 4 * (whole_calls + cut_calls));
}

TEST_P(HttpTools, AClientThatGoesInsideACallIsMissed) {
  json body = ChatBody(1, 60000);
  body["tool_choice"] = {{"type", "function"}, {"function", {{"name", "write"}}}};
  body["tools"][0]["function"]["parameters"] = json::parse(
      R"({"type": "object", "properties": {"name": {"type": "string", "minLength": 50000}}, "required": ["name"]})");
  body["stream"] = true;
  std::string seen;
  httplib::Request request;
  request.method = "POST";
  request.path = kChat;
  request.body = body.dump();
  request.content_receiver = [&](const char* data, size_t size, uint64_t, uint64_t) {
    seen.append(data, size);
    return seen.size() < 5000;
  };
  auto client = Client();
  client.send(request);
  EXPECT_NE(seen.find("\"arguments\""), seen.npos) << seen;
  test::Await([&] { return metrics().active == 0; });
  EXPECT_LT(metrics().answer_tokens, 40000u);
}

TEST_P(HttpTools, AStopStringInsideACallCutsIt) {
  json body = ChatBody(2, 200);
  body["tool_choice"] = {{"type", "function"}, {"function", {{"name", "write"}}}};
  // In every call, and never before its arguments.
  body["stop"] = {"\"count\"", "parameter=count"};
  const json answer = Post(kChat, body.dump()).second;
  const Told whole = WholeChat(answer["choices"][0]);
  EXPECT_EQ(StreamedChat(body, 1).front(), whole);
  ASSERT_EQ(whole.calls.size(), 1u) << answer;
  EXPECT_FALSE(json::accept(whole.calls[0].second)) << answer;
  EXPECT_TRUE(whole.end == "stop" || whole.end == "length") << answer;
}

TEST_P(HttpTools, ResponsesStreamWhatTheWholeAnswerHas) {
  size_t calls = 0;
  for (unsigned seed = 0; seed < 8; ++seed) {
    json body = Fields(seed);
    body["input"] = "the fox";
    body["max_output_tokens"] = seed % 2 == 0 ? 25 : 120;
    body["tools"] = {{{"type", "function"}, {"name", "write"}, {"parameters", kParameters}}};
    body["tool_choice"] = "required";
    const json answer = Post("/v1/responses", body.dump()).second;
    body["stream"] = true;
    std::vector<std::string> arguments;
    json done = json::array(), last;
    for (const json& event : Stream("/v1/responses", body.dump())) {
      const std::string type = event["type"];
      if (type == "response.output_item.added") {
        EXPECT_EQ(event["output_index"], arguments.size());
        arguments.emplace_back();
      } else if (type == "response.function_call_arguments.delta") {
        arguments.at(event["output_index"]) += event["delta"].get<std::string>();
      } else if (type == "response.function_call_arguments.done") {
        EXPECT_EQ(event["arguments"], arguments.at(event["output_index"]));
      } else if (type == "response.output_item.done") {
        done.push_back(event["item"]);
      }
      if (event.contains("response")) last = event["response"];
    }
    EXPECT_EQ(last["output"], done);
    EXPECT_EQ(last["status"], answer["status"]);
    ASSERT_EQ(done.size(), answer["output"].size());
    for (size_t item = 0; item < done.size(); ++item) {
      const json& whole = answer["output"][item];
      EXPECT_EQ(done[item]["type"], whole["type"]);
      if (whole["type"] != "function_call") continue;
      ++calls;
      EXPECT_EQ(done[item]["name"], whole["name"]);
      EXPECT_EQ(done[item]["arguments"], whole["arguments"]);
      EXPECT_EQ(arguments[item], whole["arguments"]);
      EXPECT_EQ(done[item]["status"], whole["status"]);
      EXPECT_EQ(whole["status"] == "completed",
                json::accept(whole["arguments"].get<std::string>()));
    }
  }
  EXPECT_GT(calls, 3u);
}

TEST_P(HttpTools, MessagesStreamWhatTheWholeAnswerHas) {
  size_t calls = 0;
  for (unsigned seed = 0; seed < 8; ++seed) {
    json body = {{"messages", {{{"role", "user"}, {"content", "the fox"}}}},
                 {"max_tokens", seed % 2 == 0 ? 25 : 120},
                 {"tools", {{{"name", "write"}, {"input_schema", kParameters}}}},
                 {"tool_choice", {{"type", "any"}}}};
    body.update(Fields(seed));
    const json answer = Post("/v1/messages", body.dump()).second;
    body["stream"] = true;
    std::vector<json> blocks;
    std::vector<std::string> inputs;
    std::string stop;
    for (const json& event : Stream("/v1/messages", body.dump())) {
      if (event["type"] == "content_block_start") {
        EXPECT_EQ(event["index"], blocks.size());
        blocks.push_back(event["content_block"]);
        inputs.emplace_back();
      } else if (event["type"] == "content_block_delta") {
        EXPECT_EQ(event["index"], blocks.size() - 1);
        inputs.back() += event["delta"].value("partial_json", "");
      } else if (event["type"] == "message_delta") {
        stop = event["delta"]["stop_reason"];
      }
    }
    EXPECT_EQ(stop, answer["stop_reason"]);
    for (size_t block = 0; block < blocks.size(); ++block) {
      const json& whole = answer["content"].at(block);
      EXPECT_EQ(blocks[block]["type"], whole["type"]);
      if (whole["type"] != "tool_use") continue;
      ++calls;
      EXPECT_EQ(blocks[block]["name"], whole["name"]);
      ASSERT_TRUE(whole["input"].is_object());
      const json input = json::parse(inputs[block], nullptr, false);
      if (input.is_object()) {
        EXPECT_EQ(input, whole["input"]);
      } else {
        EXPECT_EQ(stop, "max_tokens");
      }
    }
  }
  EXPECT_GT(calls, 3u);
}

}  // namespace
}  // namespace hlwq::server
