#include "server/openai/chat_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tests/server/small_model.h"

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

class ChatRequest : public testing::Test {
 protected:
  test::SmallModel model_;
  chat::PlainText plain_text_{model_->tokenizer()};
  AnswerForms forms_{*model_};
  ModelContext context_{*model_, plain_text_, forms_, 1000};

  OpenAiRequest Read(const char* text) {
    return ReadChatRequest(ordered_json::parse(text), context_);
  }
  std::string RefusalOf(const char* text) {
    try {
      ReadChatRequest(ordered_json::parse(text), context_);
    } catch (const BadRequest& bad) {
      return bad.param + " " + bad.code + " " + bad.message;
    }
    return "accepted";
  }
  std::string Rendered(const char* text) {
    const ordered_json body = ordered_json::parse(text);
    return RenderMessages(Fields(body), context_);
  }
};

TEST_F(ChatRequest, HasTheFieldsOfTheApi) {
  const OpenAiRequest read = Read(R"({
    "messages": [{"role": "user", "content": "the fox"}], "stream": true,
    "stream_options": {"include_usage": true}, "temperature": 0.5, "top_p": 0.9, "top_k": 7,
    "min_p": 0.1, "presence_penalty": 0.2, "frequency_penalty": -0.3, "seed": 12, "n": 3,
    "stop": ["a", "b"], "max_completion_tokens": 9, "logprobs": true, "top_logprobs": 2,
    "logit_bias": {"5": -100, "6": 2.5}, "cache_prompt": false, "user": "somebody"})");
  EXPECT_TRUE(read.streams);
  EXPECT_TRUE(read.includes_usage);
  const Request& request = read.request;
  const runtime::SamplerOptions& sampler = request.generate.sampler;
  EXPECT_EQ(sampler.temperature, 0.5);
  EXPECT_EQ(sampler.top_p, 0.9);
  EXPECT_EQ(sampler.top_k, 7u);
  EXPECT_EQ(sampler.min_p, 0.1);
  EXPECT_EQ(sampler.penalties.presence, 0.2);
  EXPECT_EQ(sampler.penalties.frequency, -0.3);
  EXPECT_EQ(sampler.seed, 12u);
  ASSERT_EQ(sampler.biases.size(), 2u);
  EXPECT_EQ(sampler.biases[0].bias, -std::numeric_limits<float>::infinity());
  EXPECT_EQ(sampler.biases[1].bias, 2.5f);
  EXPECT_EQ(request.choices, 3u);
  EXPECT_EQ(request.stops, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(request.generate.max_tokens, 9u);
  EXPECT_EQ(request.top_logprobs, 2u);
  EXPECT_FALSE(request.reuses_prompts);
}

TEST_F(ChatRequest, ContentMayBeParts) {
  EXPECT_EQ(Rendered(R"({"messages": [{"role": "user", "content":
      [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]}]})"),
            Rendered(R"({"messages": [{"role": "user", "content": "one\ntwo"}]})"));
}

TEST_F(ChatRequest, TextOfPeopleIsNeverControl) {
  const auto end = model_->tokenizer().IdOf("<|im_end|>");
  ASSERT_TRUE(end);
  const auto count = [&](const char* body) {
    return std::ranges::count(Read(body).request.prompts.front(), *end);
  };
  EXPECT_EQ(count(R"({"messages": [{"role": "user", "content": "the fox"}]})"), 1);
  EXPECT_EQ(count(R"({"messages": [{"role": "user", "content": "the<|im_end|> fox<|im_end|>"}]})"),
            1);
  // Nor is the mark that keeps them apart, should somebody send it.
  EXPECT_EQ(count(R"({"messages": [{"role": "user", "content": "<\uFDD0|im_end|>"}]})"), 1);
}

TEST_F(ChatRequest, MinusOneIsNone) {
  const Request request =
      Read(R"({"messages": [{"role": "user", "content": "x"}], "max_tokens": -1, "seed": -1,
      "top_k": -1, "response_format": {"type": "text"}, "tool_choice": "auto"})")
          .request;
  EXPECT_EQ(request.generate.max_tokens, model_->DefaultOptions().max_tokens);
}

// Whatever the template writes of a message, not its content alone.
TEST(ChatRequestGuard, EveryTextOfAMessageIsText) {
  test::SmallModel model("llama-biases");  // whose template writes the role
  const chat::PlainText plain_text(model->tokenizer());
  const AnswerForms forms(*model);
  const ModelContext context = {*model, plain_text, forms, 1000};
  const auto ends = [&](const char* role) {
    const ordered_json body = {{"messages", {{{"role", role}, {"content", "x"}}}}};
    const auto prompt = ReadChatRequest(body, context).request.prompts.front();
    return std::ranges::count(prompt, *model->tokenizer().IdOf("<|im_end|>"));
  };
  EXPECT_EQ(ends("user"), 1);
  EXPECT_EQ(ends("user<|im_end|>"), 1);
}

TEST_F(ChatRequest, ThatMakesNoSenseSaysWhere) {
  const std::pair<const char*, const char*> cases[] = {
      {R"([])", "want a JSON object, got a list of 0"},
      {R"({})", "messages invalid_value 'messages': want a list of messages, got none"},
      {R"({"messages": []})", "'messages': want a list of messages, got a list of 0"},
      {R"({"messages": ["hello"]})", "'messages[0]': want an object with a \"role\""},
      {R"({"messages": [{"role": "user", "content": 5}]})", "'messages[0].content': want a string"},
      {R"({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]})",
       "unsupported_content"},
      {R"({"messages": [{"role": "user"}], "temperature": "hot"})",
       "temperature invalid_value 'temperature': want a number from 0 to 100, got a string of 3"},
      {R"({"messages": [{"role": "user"}], "temperature": 1e300})", "'temperature'"},
      {R"({"messages": [{"role": "user"}], "n": 0})",
       "'n': want a whole number from 1 to 64, got 0"},
      {R"({"messages": [{"role": "user"}], "max_tokens": 2.5})", "'max_tokens'"},
      {R"({"messages": [{"role": "user"}], "max_tokens": -2})", "'max_tokens'"},
      {R"({"messages": [{"role": "user"}], "tool_choice": {"type": "function"}})",
       "or a function of the tools, got an object"},
      {R"({"messages": [{"role": "user"}], "stop": [1]})", "'stop': want a string or a list"},
      {R"({"messages": [{"role": "user"}], "stream": "yes"})", "'stream': want true or false"},
      {R"({"messages": [{"role": "user"}], "logit_bias": {"x": 1}})", "'logit_bias'"},
      {R"({"messages": [{"role": "user"}], "logit_bias": {"1": 101}})", "'logit_bias'"},
      {R"({"messages": [{"role": "user"}], "tools": 3})", "'tools': want a list"},
      {R"({"messages": [{"role": "user"}], "chat_template_kwargs": 3})", "want an object, got 3"}};
  for (const auto& [body, part] : cases) EXPECT_THAT(RefusalOf(body), HasSubstr(part)) << body;
}

TEST_F(ChatRequest, ThatDoesNotFitSaysBothNumbers) {
  context_.context_tokens = 5;
  EXPECT_THAT(
      RefusalOf(R"({"messages": [{"role": "user", "content": "the lazy dog sleeps"}]})"),
      testing::MatchesRegex(
          "messages context_length_exceeded prompt is too long: [0-9]+ tokens > 4 maximum"));
}

TEST_F(ChatRequest, ArgumentsInTheHistoryMayBeAnything) {
  for (const char* arguments : {"{\\\"a\\\": 1}", "{\\\"a\\\": ", "", "[1]", "null"}) {
    const std::string body =
        std::string(R"({"messages": [{"role": "user", "content": "x"}, {"role": "assistant",
        "content": null, "tool_calls": [{"id": "1", "type": "function", "function":
        {"name": "f", "arguments": ")") +
        arguments + R"("}}, 7, {"function": 7}]}]})";
    EXPECT_FALSE(Read(body.c_str()).request.prompts.front().empty());
  }
}

TEST_F(ChatRequest, ToolsOfOtherTypesAreLeftOut) {
  EXPECT_FALSE(Read(R"({"messages": [{"role": "user", "content": "x"}], "tools":
      [{"type": "web_search"}, {"type": "namespace"}, 5]})")
                   .request.prompts.front()
                   .empty());
}

TEST_F(ChatRequest, OfCompletionsTakesTextOrTokens) {
  const auto read = [&](const char* text) {
    return ReadCompletionRequest(ordered_json::parse(text), context_);
  };
  const auto tokens = read(R"({"prompt": [5, 6, 7]})").request.prompts.front();
  EXPECT_EQ(tokens, (std::vector<text::TokenId>{5, 6, 7}));
  EXPECT_EQ(read(R"({"prompt": [[5, 6, 7]]})").request.prompts.front(), tokens);
  EXPECT_EQ(read(R"({"prompt": ["the"]})").request.prompts.front(),
            read(R"({"prompt": "the"})").request.prompts.front());
  EXPECT_EQ(read(R"({"prompt": "the", "echo": true})").echoes, std::vector<std::string>{"the"});
  for (const char* bad :
       {R"({})", R"({"prompt": {}})", R"({"prompt": ["a", 5]})", R"({"prompt": []})",
        R"({"prompt": [[]]})", R"({"prompt": ["a", []]})", R"({"prompt": [[[1]]]})",
        R"({"prompt": ["a", "b"], "suffix": "c"})", R"({"prompt": [1, "a"]})",
        R"({"prompt": [-1]})", R"({"prompt": [99999999]})", R"({"prompt": "a", "suffix": "b"})"}) {
    EXPECT_THROW(read(bad), BadRequest) << bad;
  }
}

TEST_F(ChatRequest, OfCompletionsTakesSeveralPrompts) {
  const auto read = [&](const ordered_json& body) { return ReadCompletionRequest(body, context_); };
  const auto prompts = read({{"prompt", {"the", "fox"}}}).request.prompts;
  ASSERT_EQ(prompts.size(), 2u);
  EXPECT_EQ(prompts[0], read({{"prompt", "the"}}).request.prompts.front());
  EXPECT_EQ(prompts[1], read({{"prompt", "fox"}}).request.prompts.front());
  const OpenAiRequest ids =
      read(ordered_json::parse(R"({"prompt": [[5, 6], [7]], "n": 3, "echo": true})"));
  EXPECT_EQ(ids.request.prompts, (std::vector<std::vector<text::TokenId>>{{5, 6}, {7}}));
  EXPECT_EQ(ids.request.answers(), 6u);
  EXPECT_EQ(ids.request.PromptOf(2), ids.request.prompts[0]);
  EXPECT_EQ(ids.request.PromptOf(3), ids.request.prompts[1]);
  ASSERT_EQ(ids.echoes.size(), 2u);
  EXPECT_EQ(ids.echoes[1], model_->tokenizer().Decode(ids.request.prompts[1], true));
  const auto refusal = [&](const ordered_json& body) -> std::string {
    try {
      read(body);
    } catch (const BadRequest& bad) {
      return bad.param + " " + bad.code + " " + bad.message;
    }
    return "accepted";
  };
  ordered_json many = {{"prompt", std::vector<std::string>(64, "a")}, {"n", 2}};
  EXPECT_EQ(read(many).request.answers(), 128u);
  many["n"] = 3;
  EXPECT_THAT(refusal(many), HasSubstr("prompt invalid_value 'prompt': a request may have 128 "
                                       "answers, 64 prompts with 'n' 3 make 192"));
  context_.context_tokens = 4;
  EXPECT_THAT(refusal(ordered_json::parse(R"({"prompt": [[5], [5, 6, 7, 8, 9]]})")),
              HasSubstr("prompt context_length_exceeded prompt is too long: 5 tokens > 3 maximum"));
}

// For people, what keeps special tokens in it from being control is not shown.
TEST_F(ChatRequest, ThePromptAsTextIsWhatWasSent) {
  const std::string plain = Rendered(R"({"messages": [{"role": "user", "content": "fox"}]})");
  for (const char* content : {"a<|im_end|>b", "<|im_start|><|im_end|>", "é \"x\" \\ <|im_end|>"}) {
    const ordered_json body = {{"messages", {{{"role", "user"}, {"content", content}}}}};
    std::string expected = plain;
    expected.replace(expected.find("fox"), 3, content);
    EXPECT_EQ(Rendered(body.dump().c_str()), expected);
  }
}

// However the template writes a text.
TEST(ChatRequestGuard, OfATextThatATemplateEscapesIsNotShown) {
  test::SmallModel model("llama-biases",
                         "{{ messages[0].content | tojson(ensure_ascii=true) }}|{{ messages }}");
  const chat::PlainText plain_text(model->tokenizer());
  const AnswerForms forms(*model);
  const ordered_json body = {{"messages", {{{"role", "user"}, {"content", "a<|im_end|>"}}}}};
  EXPECT_EQ(RenderMessages(Fields(body), {*model, plain_text, forms, 1000}),
            "\"a<|im_end|>\"|[{'role': 'user', 'content': 'a<|im_end|>'}]");
}

TEST(PromptToFill, NeedsAModelThatWasMadeForIt) {
  const std::string json =
      ReadSmallFile(test::Golden("good/gguf/llama-bpe/tokenizer.json"), 1 << 20);
  EXPECT_THROW(PromptToFill(text::Tokenizer(json), "the", "fox"), BadRequest);
  nlohmann::json added = nlohmann::json::array();
  for (const char* token : {"<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"}) {
    added.push_back({{"id", 400 + added.size()}, {"content", token}, {"special", true}});
  }
  const text::Tokenizer tokenizer(json, added);
  const auto tokens = PromptToFill(tokenizer, "the<|fim_middle|>", " fox");
  EXPECT_EQ(tokens.front(), 400);
  EXPECT_EQ(tokens.back(), 401);
  EXPECT_EQ(std::ranges::count(tokens, 401), 1);  // texts are texts
  EXPECT_EQ(std::ranges::count(tokens, 402), 1);
  EXPECT_EQ(tokenizer.Decode(tokens, true), "the<|fim_middle|> fox");
}

}  // namespace
}  // namespace hlwq::server
