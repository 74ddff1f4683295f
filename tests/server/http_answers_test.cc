#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/http_server.h"

namespace hlwq::server {
namespace {

using nlohmann::json;
using test::kChat;
using test::kHello;
using testing::HasSubstr;
using HttpAnswers = test::HttpServer;

TEST_F(HttpAnswers, AnswersAndStreamsTheSame) {
  Start();
  const auto [status, whole] = Post(kChat, kHello + "}");
  ASSERT_EQ(status, 200) << whole;
  EXPECT_EQ(whole["object"], "chat.completion");
  EXPECT_EQ(whole["model"], "small");
  EXPECT_EQ(whole["usage"]["completion_tokens"], 8);
  EXPECT_EQ(whole["choices"][0]["finish_reason"], "length");
  const auto streamed = Client().Post(
      kChat, kHello + R"(, "stream": true, "stream_options": {"include_usage": true}})",
      "application/json");
  ASSERT_TRUE(streamed);
  EXPECT_EQ(streamed->get_header_value("Content-Type"), "text/event-stream");
  std::string text, finish;
  json usage;
  std::istringstream lines(streamed->body);
  bool is_done = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    ASSERT_EQ(line.substr(0, 6), "data: ");
    if ((is_done = line == "data: [DONE]")) continue;
    const json chunk = json::parse(line.substr(6));
    if (chunk["choices"].empty()) {
      usage = chunk["usage"];
      continue;
    }
    text += chunk["choices"][0]["delta"].value("content", "");
    if (!chunk["choices"][0]["finish_reason"].is_null())
      finish = chunk["choices"][0]["finish_reason"];
  }
  EXPECT_TRUE(is_done);
  EXPECT_EQ(text, whole["choices"][0]["message"]["content"]);
  EXPECT_EQ(finish, "length");
  EXPECT_EQ(usage["completion_tokens"], 8);
}

TEST_F(HttpAnswers, GivesProbabilitiesOfEachToken) {
  Start();
  const auto [status, body] =
      Post(kChat, kHello + R"(, "logprobs": true, "top_logprobs": 3, "n": 2})");
  ASSERT_EQ(status, 200) << body;
  ASSERT_EQ(body["choices"].size(), 2u);
  for (const json& choice : body["choices"]) {
    ASSERT_EQ(choice["logprobs"]["content"].size(), 8u);
    for (const json& token : choice["logprobs"]["content"]) {
      EXPECT_LE(token["logprob"].get<double>(), token["top_logprobs"][0]["logprob"].get<double>());
      EXPECT_EQ(token["top_logprobs"].size(), 3u);
    }
  }
}

TEST_F(HttpAnswers, CompletesTextAndTokens) {
  Start();
  const auto [status, body] =
      Post("/v1/completions", R"({"prompt": "the", "echo": true, "max_tokens": 3, "logprobs": 1})");
  ASSERT_EQ(status, 200) << body;
  EXPECT_EQ(body["object"], "text_completion");
  EXPECT_EQ(body["choices"][0]["text"].get<std::string>().substr(0, 3), "the");
  const auto [tokenized, tokens] = Post("/tokenize", R"({"content": "the fox"})");
  ASSERT_EQ(tokenized, 200);
  EXPECT_EQ(Post("/detokenize", tokens.dump()).second["content"], "the fox");
  EXPECT_THAT(Post("/apply-template", kHello + "}").second["prompt"].get<std::string>(),
              HasSubstr("the fox<|im_end|>"));
}

TEST_F(HttpAnswers, CompletesSeveralPrompts) {
  Start();
  const json prompts = {"the", "the fox", "a"};
  json body = {{"prompt", prompts},    {"n", 2},       {"max_tokens", 6}, {"seed", 5},
               {"temperature", 0.9},   {"echo", true}, {"logprobs", 1},   {"ignore_eos", true},
               {"cache_prompt", false}};
  const auto [status, whole] = Post("/v1/completions", body.dump());
  ASSERT_EQ(status, 200) << whole;
  ASSERT_EQ(whole["choices"].size(), 6u);
  size_t prompt_tokens = 0;
  for (size_t prompt = 0; prompt < prompts.size(); ++prompt) {
    json alone = body;
    alone["prompt"] = prompts[prompt];
    const json answer = Post("/v1/completions", alone.dump()).second;
    prompt_tokens += answer["usage"]["prompt_tokens"].get<size_t>();
    for (size_t choice = 0; choice < 2; ++choice) {
      const json& found = whole["choices"][2 * prompt + choice];
      EXPECT_EQ(found["index"], 2 * prompt + choice);
      EXPECT_EQ(found["text"], answer["choices"][choice]["text"]);
      EXPECT_EQ(found["logprobs"], answer["choices"][choice]["logprobs"]);
    }
  }
  EXPECT_EQ(whole["usage"]["prompt_tokens"], prompt_tokens);
  EXPECT_EQ(whole["usage"]["completion_tokens"], 36);
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", true}};
  std::vector<std::string> texts(6);
  json usage;
  for (const json& chunk : Stream("/v1/completions", body.dump())) {
    if (chunk.contains("usage")) usage = chunk["usage"];
    for (const json& choice : chunk["choices"])
      texts.at(choice["index"]) += choice["text"].get<std::string>();
  }
  for (size_t choice = 0; choice < 6; ++choice)
    EXPECT_EQ(texts[choice], whole["choices"][choice]["text"]);
  EXPECT_EQ(usage, whole["usage"]);
  body["prompt"] = std::vector<std::string>(65, "x");
  EXPECT_EQ(Post("/v1/completions", body.dump()).first, 400);
}

TEST_F(HttpAnswers, TellsWhatItIs) {
  Start();
  const auto get = [&](const char* path) { return Client().Get(path); };
  EXPECT_EQ(json::parse(get("/v1/models")->body)["data"][0]["id"], "small");
  const json card = json::parse(get("/v1/models/small")->body);
  EXPECT_EQ(card["id"], "small");
  EXPECT_EQ(card["display_name"], "small");
  EXPECT_EQ(get("/v1/models/none")->status, 404);
  EXPECT_EQ(json::parse(get("/api/tags")->body)["models"][0]["name"], "small");
  const auto context = [&] {
    return json::parse(get("/props")->body)["default_generation_settings"]["n_ctx"];
  };
  EXPECT_EQ(context(), nullptr);  // nobody is asked to open a model for this
  shelf_->Get("");
  EXPECT_EQ(context(), 1 << 16);
  Post(kChat, kHello + "}");
  EXPECT_THAT(get("/metrics")->body, HasSubstr("\nhlwq_answer_tokens_total 8\n"));
  EXPECT_THAT(get("/metrics")->body, HasSubstr("hlwq_first_token_seconds_count 1\n"));
  EXPECT_EQ(get("/nothing")->status, 404);
  EXPECT_EQ(Post("/v1/embeddings", "{}").first, 501);
}

}  // namespace
}  // namespace hlwq::server
