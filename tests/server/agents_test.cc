// What Claude Code 2.1.332 and Codex 0.163.0 send, in small: agent_requests/ has every field of a first request and
// of what they add in later turns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "server/anthropic/messages_request.h"
#include "server/openai/responses_request.h"
#include "tests/server/http_server.h"

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

ordered_json RecordOf(const char* agent) {
  std::ifstream file(test::Golden("../server/agent_requests") / (std::string(agent) + ".json"));
  return ordered_json::parse(file);
}

void Append(const ordered_json& more, ordered_json& list) {
  for (const ordered_json& entry : more) list.push_back(entry);
}

// The request some turns later.
ordered_json LaterOf(const ordered_json& record) {
  ordered_json later = record["first"];
  if (record.contains("later_input")) {
    Append(record["later_input"], later["input"]);
    return later;
  }
  Append(record["later_messages"], later["messages"]);
  Append(record["later_tools"], later["tools"]);
  later["system"][0]["text"] = record["later_billing"];
  return later;
}

// One system message, at the beginning; tools; thoughts: as Qwen3.5 has it.
constexpr const char* kStrictTemplate =
    "{% if tools %}{% for tool in tools %}{{ tool | tojson }}\n{% endfor %}{% endif %}"
    "{% for message in messages %}"
    "{% if message.role == 'system' and not loop.first %}{{ raise_exception('not here') }}{% endif "
    "%}"
    "<|im_start|>{{ message.role }}\n"
    "{% if message.reasoning_content %}<think>{{ message.reasoning_content }}</think>{% endif %}"
    "{{ message.content }}"
    "{% for call in message.tool_calls or [] %}<tool_call>{{ call.function | tojson }}</tool_call>"
    "{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

class AgentPrompts : public testing::Test {
 protected:
  AgentPrompts() { std::ofstream(folder_.folder() / "chat_template.jinja") << kStrictTemplate; }

  std::string PromptOf(const ordered_json& chat_body) {
    const chat::TextModel model = folder_.Open();
    const chat::PlainText plain_text(model.tokenizer());
    const AnswerForms forms(model);
    return RenderMessages(Fields(chat_body), {model, plain_text, forms, 10000});
  }
  // What the first prompt ends with: the answer's beginning.
  static std::string BeforeTheAnswer(std::string prompt) {
    return prompt.substr(0, prompt.rfind("<|im_start|>"));
  }

 private:
  test::SmallModel folder_{"llama-biases"};
};

TEST_F(AgentPrompts, ClaudeCodeGoesOnWhereItWas) {
  const ordered_json record = RecordOf("claude_code");
  const std::string first = PromptOf(ChatBodyOf(record["first"]));
  EXPECT_THAT(first, HasSubstr("<|im_start|>system\nYou help.\n\nBe brief.<|im_end|>"));
  EXPECT_THAT(first, HasSubstr("read the note\n\n# Environment\nin a folder<|im_end|>"));
  EXPECT_THAT(first, Not(HasSubstr("x-anthropic")));
  EXPECT_THAT(first, Not(HasSubstr("Placeholder")));
  const std::string later = PromptOf(ChatBodyOf(LaterOf(record)));
  EXPECT_THAT(later, StartsWith(BeforeTheAnswer(first)));
  EXPECT_THAT(later, HasSubstr("<think>it is a file</think><tool_call>{\"name\": \"Read\""));
  EXPECT_THAT(later, HasSubstr("<|im_start|>tool\n1\tbluebell\n<|im_end|>"));
  EXPECT_THAT(later.substr(first.size()), HasSubstr("\"name\":\"WebFetch\""));
}

TEST_F(AgentPrompts, CodexGoesOnWhereItWas) {
  const ordered_json record = RecordOf("codex");
  const std::string first = PromptOf(ChatBodyOfResponses(record["first"]));
  EXPECT_THAT(first, HasSubstr("<|im_start|>system\nYou help.\n\n<skills>none</skills>\n"
                               "Only read.<|im_end|>\n<|im_start|>user\nin a folder\n\nread"));
  const std::string later = PromptOf(ChatBodyOfResponses(LaterOf(record)));
  EXPECT_THAT(later, StartsWith(BeforeTheAnswer(first)));
  EXPECT_THAT(later, HasSubstr("<|im_start|>assistant\n<think>it is a file</think><tool_call>"));
  EXPECT_THAT(later,
              HasSubstr("<|im_start|>assistant\n<think>there it is</think>bluebell<|im_end|>"));
}

class AgentRequests : public test::HttpServer {
 protected:
  // The data of the events of a stream.
  std::vector<ordered_json> EventsOf(const ordered_json& record, const ordered_json& body) {
    httplib::Headers headers;
    for (const auto& [name, value] : record["headers"].items())
      headers.emplace(name, value.get<std::string>());
    const auto result =
        Client().Post(record["path"].get<std::string>(), headers, body.dump(), "application/json");
    std::vector<ordered_json> events;
    if (!result || result->status != 200) {
      ADD_FAILURE() << (result ? result->body : "no answer");
      return events;
    }
    const std::string& stream = result->body;
    for (size_t at = 0; (at = stream.find("data: ", at)) != stream.npos; at += 6) {
      const size_t begin = at + 6;
      events.push_back(ordered_json::parse(stream.substr(begin, stream.find('\n', begin) - begin)));
    }
    return events;
  }
};

TEST_F(AgentRequests, ClaudeCodeIsAnsweredAndReadsNothingTwice) {
  Start();
  const ordered_json record = RecordOf("claude_code");
  const auto first = EventsOf(record, record["first"]), later = EventsOf(record, LaterOf(record));
  ASSERT_GE(first.size(), 3u);
  ASSERT_GE(later.size(), 3u);
  for (const auto& events : {first, later}) {
    EXPECT_EQ(events.front()["type"], "message_start");
    EXPECT_EQ(events[events.size() - 2]["type"], "message_delta");
    EXPECT_EQ(events.back()["type"], "message_stop");
  }
  const auto usage = [](const auto& events) { return events[events.size() - 2]["usage"]; };
  const size_t prompt = first.front()["message"]["usage"]["input_tokens"];
  EXPECT_EQ(usage(first)["input_tokens"], prompt);
  // All but the beginning of the answer, by whole pieces.
  EXPECT_GT(usage(later)["cache_read_input_tokens"].get<size_t>(), prompt * 3 / 4);
  EXPECT_EQ(usage(later)["input_tokens"].get<size_t>() +
                usage(later)["cache_read_input_tokens"].get<size_t>(),
            later.front()["message"]["usage"]["input_tokens"].get<size_t>());
}

TEST_F(AgentRequests, ClaudeCodeCountsTokensAndLooksAround) {
  Start();
  const ordered_json record = RecordOf("claude_code");
  ordered_json count;
  for (const char* name : {"model", "messages", "system", "tools"})
    count[name] = record["first"][name];
  const auto [status, counted] = Post("/v1/messages/count_tokens?beta=true", count.dump());
  EXPECT_EQ(status, 200);
  const auto events = EventsOf(record, record["first"]);
  EXPECT_EQ(counted["input_tokens"].get<int>(),
            events.front()["message"]["usage"]["input_tokens"].get<int>());
  EXPECT_EQ(Client().Head("/")->status, 200);
  const auto models = nlohmann::json::parse(Client().Get("/v1/models?limit=1000")->body);
  EXPECT_EQ(models["data"][0]["type"], "model");
  EXPECT_EQ(models["has_more"], false);
}

TEST_F(AgentRequests, CodexIsAnsweredAndReadsNothingTwice) {
  Start();
  const ordered_json record = RecordOf("codex");
  ordered_json bodies[] = {record["first"], LaterOf(record)};
  size_t prompt = 0;
  for (ordered_json& body : bodies) {
    body["max_output_tokens"] = 8;
    body["ignore_eos"] = true;
    const auto events = EventsOf(record, body);
    ASSERT_GE(events.size(), 3u);
    EXPECT_EQ(events[0]["type"], "response.created");
    EXPECT_EQ(events[1]["type"], "response.in_progress");
    EXPECT_EQ(events.back()["type"], "response.incomplete");
    const ordered_json usage = events.back()["response"]["usage"];
    const size_t cached = usage["input_tokens_details"]["cached_tokens"];
    EXPECT_GE(cached, prompt * 3 / 4);
    prompt = usage["input_tokens"];
  }
}

// What was read by a tool and is no text ends no conversation; what a person sends is refused.
TEST_F(AgentRequests, PicturesOfToolsAreLeftOut) {
  Start();
  const ordered_json picture = {{"type", "image"},
                                {"source", {{"type", "base64"}, {"data", "iVBO"}}}};
  ordered_json messages = LaterOf(RecordOf("claude_code"));
  messages["stream"] = false;
  messages["messages"].back()["content"][0]["content"] = ordered_json::array({picture});
  EXPECT_EQ(Post("/v1/messages", messages.dump()).first, 200);
  EXPECT_EQ(ChatBodyOf(messages)["messages"].back()["content"],
            "[image left out: this model reads text only]");
  messages["messages"][0]["content"].push_back(picture);
  EXPECT_EQ(Post("/v1/messages", messages.dump()).first, 400);

  ordered_json responses = LaterOf(RecordOf("codex"));
  responses["stream"] = false;
  responses["max_output_tokens"] = 2;
  const ordered_json part = {{"type", "input_image"}, {"image_url", "data:image/png;base64,iVBO"}};
  responses["input"][6]["output"] = ordered_json::array({part});
  EXPECT_EQ(Post("/v1/responses", responses.dump()).first, 200);
  responses["input"][3]["content"].push_back(part);
  EXPECT_EQ(Post("/v1/responses", responses.dump()).first, 400);
}

// A conversation that is too long is told so in the form of the API, which both show to whoever uses them.
TEST_F(AgentRequests, ThatDoNotFitSayHowLongTheyAre) {
  Start();
  const std::string words(200000, 'a');
  ordered_json messages = RecordOf("claude_code")["first"];
  messages["messages"][0]["content"][1]["text"] = words;
  const auto [status, refusal] = Post("/v1/messages?beta=true", messages.dump());
  EXPECT_EQ(status, 400);
  EXPECT_EQ(refusal["error"]["type"], "invalid_request_error");
  // Claude Code looks for these words, and then shortens the conversation.
  EXPECT_THAT(refusal["error"]["message"].get<std::string>(),
              testing::MatchesRegex("prompt is too long: [0-9]+ tokens > 65535 maximum"));
  ordered_json responses = RecordOf("codex")["first"];
  responses["input"][3]["content"][0]["text"] = words;
  const auto [other_status, other] = Post("/v1/responses", responses.dump());
  EXPECT_EQ(other_status, 400);
  EXPECT_EQ(other["error"]["code"], "context_length_exceeded");
}

}  // namespace
}  // namespace hlwq::server
