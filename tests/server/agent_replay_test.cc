// An agent's work over the API: how much of what a model with recurrent states has read it reads again.
#include <gtest/gtest.h>
#include <httplib.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "model/recurrent_state.h"
#include "server/http/server.h"
#include "tests/server/small_model.h"
#include "tests/server/wide_vocabulary.h"

namespace hlwq::server {
namespace {

using Json = nlohmann::json;
using runtime::TokenId;

constexpr const char* kChatPath = "/v1/chat/completions";
constexpr size_t kTurnsOfATask = 9;  // then a person asks for something else
constexpr size_t kTurnsToAHelper =
    25;  // then another agent is asked, with the same instructions and tools

// As Qwen3.5 writes conversations, in fewer tokens: what was thought is left out before the last question of a person.
constexpr const char* kTemplate = R"({%- if tools %}
{{- '<|im_start|>system\n# Tools\n' }}
{%- for tool in tools %}{{- tool | tojson }}{{- '\n' }}{%- endfor %}
{{- messages[0].content + '<|im_end|>\n' }}
{%- endif %}
{%- set ns = namespace(last=0) %}
{%- for message in messages %}{%- if message.role == 'user' %}{%- set ns.last = loop.index0 %}{%- endif %}{%- endfor %}
{%- for message in messages %}
{%- if message.role == 'user' %}
{{- '<|im_start|>user\n' + message.content + '<|im_end|>\n' }}
{%- elif message.role == 'assistant' %}
{{- '<|im_start|>assistant\n' }}
{%- if loop.index0 > ns.last %}{{- '<think>\n' + (message.reasoning_content or '') + '\n</>\n' }}{%- endif %}
{{- message.content or '' }}
{%- for call in message.tool_calls %}
{{- '<call ' + call.function.name }}
{%- for name, value in call.function.arguments.items() %}
{{- ' ' + value }}
{%- endfor %}
{{- '>' }}
{%- endfor %}
{{- '<|im_end|>\n' }}
{%- elif message.role == 'tool' %}
{{- '<|im_start|>user\n<' + message.content + '><|im_end|>\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n<think>\n' }}{%- endif %})";

// Of all requests, in tokens.
struct Counts {
  size_t sent = 0;
  size_t read = 0;
  size_t anew = 0;   // had no place in what was read before: no server saves these
  size_t again = 0;  // all others of them that were read
};

class AgentReplay : public testing::Test {
 protected:
  AgentReplay() {
    namespace fs = std::filesystem;
    test::WidenVocabulary(test::Golden("good/models/qwen3_5"), folder_.path(), 384, 1 << 16);
    fs::copy_file(test::Golden("good/gguf/llama-bpe/tokenizer.json"), folder_ / "tokenizer.json");
    std::ofstream(folder_ / "chat_template.jinja") << kTemplate;
  }
  ~AgentReplay() override {
    if (server_) server_->Stop();
    if (thread_.joinable()) thread_.join();
  }

  // As `hlwq serve --cache-ram` shares it out: half for states of earlier moments.
  void Start(uint64_t idle_bytes, uint64_t snapshot_bytes) {
    SchedulerOptions options;
    options.cache.capacity = 1 << 15;
    options.idle_bytes = idle_bytes;
    const auto open = [this, options, snapshot_bytes](const ModelShelf::Opening& opening) {
      return std::make_shared<ServedModel>(
          opening.name,
          [&] {
            return chat::TextModel(folder_.path(),
                                   {.engine = {.threads = 2, .snapshot_bytes = snapshot_bytes}});
          },
          [&](const chat::TextModel&) { return options; }, opening.metrics);
    };
    shelf_.emplace(std::vector<std::string>{"agent"}, ShelfLimits{}, open, nullptr);
    server_.emplace(*shelf_, ServerOptions{.port = 0, .most_connections = 4});
    thread_ = std::thread([&] { server_->Run(); });
    client_.emplace("127.0.0.1", server_->port());
    client_->set_keep_alive(true);
    client_->set_read_timeout(120);
    while (!client_->Get("/health")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  uint64_t StateBytes() {
    return model::RecurrentState::Bytes(
        model::ReadModelConfig(Json::parse(std::ifstream(folder_ / "config.json"))));
  }

  // Sends the conversation and counts.
  void Ask(const Json& messages) {
    const Json body = {{"messages", messages}, {"tools", Tools()},     {"max_tokens", 6},
                       {"temperature", 1},     {"seed", counts_.sent}, {"ignore_eos", true}};
    const auto context = shelf_->Get("")->context();
    std::vector<TokenId> prompt =
        ReadChatRequest(nlohmann::ordered_json::parse(body.dump()), context)
            .request.prompts.front();
    const auto answer = client_->Post(kChatPath, body.dump(), "application/json");
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->status, 200) << answer->body;
    const Json usage = Json::parse(answer->body)["usage"];
    const size_t tokens = usage["prompt_tokens"];
    const size_t cached = usage["prompt_tokens_details"]["cached_tokens"];
    ASSERT_EQ(tokens, prompt.size());
    size_t common = 0;
    for (const auto& earlier : prompts_) {
      const auto end = std::ranges::mismatch(earlier, prompt).in1;
      common = std::max(common, static_cast<size_t>(end - earlier.begin()));
    }
    prompts_.push_back(std::move(prompt));
    counts_.sent += tokens;
    counts_.read += tokens - cached;
    counts_.anew += tokens - common;
    const size_t again = common - std::min(common, cached);
    counts_.again += again;
    // States are noted at multiples of 32 tokens, with more than 16 after them.
    EXPECT_LE(again, 16u + 32u) << "request " << prompts_.size();
  }

  static Json Tools() {
    Json tools = Json::array();
    for (const char* name : {"read", "write", "find"}) {
      tools.push_back(
          {{"type", "function"},
           {"function",
            {{"name", name},
             {"description", std::string("to ") + name + " a file of the project"},
             {"parameters",
              {{"type", "object"}, {"properties", {{"path", {{"type", "string"}}}}}}}}}});
    }
    return tools;
  }

  // What the agent did, whatever the model writes now: each turn thinks, calls a tool, and is sent what that gave.
  // The client leaves out what was thought.
  Counts Replay(size_t turns) {
    const Json instructions = {{"role", "system"},
                               {"content", "Work on the project with the tools."}};
    Json messages = {instructions};
    for (size_t turn = 0; turn < turns && !HasFatalFailure(); ++turn) {
      if (turn % kTurnsOfATask == 0) {
        messages.push_back({{"role", "user"}, {"content", "Task " + std::to_string(turn)}});
      }
      Ask(messages);
      if (turn % kTurnsToAHelper == kTurnsToAHelper - 1) {
        Ask({instructions, {{"role", "user"}, {"content", "Help with " + std::to_string(turn)}}});
      }
      const std::string id = "call_" + std::to_string(turn);
      messages.push_back(
          {{"role", "assistant"},
           {"tool_calls",
            {{{"id", id},
              {"type", "function"},
              {"function",
               {{"name", "read"}, {"arguments", Json{{"path", std::to_string(turn)}}.dump()}}}}}}});
      messages.push_back(
          {{"role", "tool"}, {"tool_call_id", id}, {"content", "line " + std::to_string(turn)}});
    }
    std::cout << "sent " << counts_.sent << " tokens, read " << counts_.read << ", of which "
              << counts_.again << " again; without notes of states " << counts_.sent
              << " are read\n";
    // The server counts the same.
    const Metrics& metrics = shelf_->Get("")->scheduler().metrics();
    EXPECT_EQ(metrics.prompt_tokens, counts_.sent);
    EXPECT_EQ(metrics.prompt_tokens - metrics.reused_tokens, counts_.read);
    EXPECT_EQ(counts_.read, counts_.anew + counts_.again);
    return counts_;
  }

  test::TempDir folder_;
  std::optional<ModelShelf> shelf_;
  std::optional<Server> server_;
  std::optional<httplib::Client> client_;
  std::thread thread_;
  std::vector<std::vector<TokenId>> prompts_;
  Counts counts_;
};

TEST_F(AgentReplay, ReadsWhatIsNew) {
  Start(4 << 20, 4 << 20);
  const Counts counts = Replay(200);
  EXPECT_LT(counts.read, counts.sent / 30);
}

// Fewer than there are turns: those of long ago were given up.
TEST_F(AgentReplay, ReadsWhatIsNewWithFewNotes) {
  Start(2 << 20, 24 * StateBytes());
  const Counts counts = Replay(80);
  EXPECT_LT(counts.read, counts.sent / 10);
  EXPECT_LE(shelf_->Get("")->scheduler().metrics().idle_bytes, 2u << 20);
}

}  // namespace
}  // namespace hlwq::server
