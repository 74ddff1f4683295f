// hlwq generate: a prompt in, text out.
#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cli/answer_report.h"
#include "cli/answer_stream.h"
#include "cli/conversation.h"
#include "cli/expert_options.h"
#include "cli/generation_options.h"
#include "cli/model_files.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/standard_input.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "runtime/generation_config.h"

namespace hlwq::cli {
namespace {

using runtime::TokenId;

constexpr uint64_t kMaxPromptBytes = 64u << 20;

std::string WithoutLastNewline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string PromptText(const Arguments& arguments) {
  if (const auto prompt = arguments.FindText("prompt")) return *prompt;
  if (const auto path = arguments.FindText("file")) {
    return WithoutLastNewline(ReadSmallFile(*path, kMaxPromptBytes));
  }
  return WithoutLastNewline(ReadStandardInput(kMaxPromptBytes));
}

std::vector<TokenId> PromptTokens(const Arguments& arguments,
                                  const checkpoint::Checkpoint& checkpoint,
                                  const text::Tokenizer& tokenizer) {
  const std::string prompt = PromptText(arguments);
  if (arguments.Switch("chat")) {
    Conversation conversation(
        OpenChatFormat(checkpoint),
        {.system = arguments.Text("system"), .forbids_thinking = arguments.Switch("no-thinking")});
    conversation.AddUser(prompt);
    return conversation.Prompt(tokenizer);
  }
  std::vector<TokenId> tokens = tokenizer.Encode(prompt);
  if (!tokens.empty()) return tokens;
  // A tokenizer that puts nothing before a text may still have a token for its beginning.
  const auto bos = runtime::ReadGenerationConfig(ReadSideJson(checkpoint, "generation_config.json"),
                                                 checkpoint.config)
                       .bos;
  if (!bos) {
    throw Error(ErrorCode::kInvalidArgument,
                "the prompt is empty, and the model has no token for the beginning of a text");
  }
  return {*bos};
}

// The answers to one prompt, and everything told about them.
class Answers {
 public:
  Answers(const Arguments& arguments, runtime::Engine& engine, const text::Tokenizer& tokenizer,
          std::vector<TokenId> prompt)
      : arguments_(arguments),
        engine_(engine),
        tokenizer_(tokenizer),
        prompt_(std::move(prompt)),
        cache_(CacheOptionsOf(arguments, ContextTokensOf(arguments, engine.config()))),
        options_(GenerateOptionsOf(arguments, engine.model().checkpoint())),
        base_(engine, cache_) {}

  void Make(double load_seconds) {
    runtime::GenerateOptions no_tokens = options_;
    no_tokens.max_tokens = 0;
    prompt_times_ = Generate(engine_, base_, prompt_, no_tokens, {IgnoreToken, GoOn}).times;
    load_seconds_ = load_seconds;
    const auto count = static_cast<size_t>(arguments_.Integer("num-answers"));
    if (count == 1) return MakeOne(base_, 0);
    runtime::Sequence copy(engine_, cache_);
    for (size_t answer = 0; answer < count; ++answer) {
      copy.ForkFrom(base_);
      MakeOne(copy, answer);
    }
  }

  nlohmann::json ToJson() const {
    return {{"prompt",
             {{"ids", prompt_},
              {"seconds", prompt_times_.prompt_seconds},
              {"tokens_per_second", prompt_times_.prompt_tokens_per_second()}}},
            {"answers", answers_},
            {"experts", ExpertUseToJson(engine_)},
            {"load_seconds", load_seconds_},
            {"first_token_seconds", first_token_seconds_}};
  }

 private:
  static constexpr auto IgnoreToken = [](TokenId) { return true; };
  static constexpr auto GoOn = [](size_t) { return true; };

  const Arguments& arguments_;
  runtime::Engine& engine_;
  const text::Tokenizer& tokenizer_;
  std::vector<TokenId> prompt_;
  runtime::KvCacheOptions cache_;
  runtime::GenerateOptions options_;
  runtime::Sequence base_;  // the prompt
  runtime::GenerateTimes prompt_times_;
  double load_seconds_ = 0, first_token_seconds_ = 0;
  nlohmann::json answers_ = nlohmann::json::array();

  void MakeOne(runtime::Sequence& sequence, size_t index) {
    const bool shows = !arguments_.json();
    const uint64_t seed = options_.sampler.seed + index;
    runtime::GenerateOptions options = options_;
    options.sampler.seed = seed;
    if (shows && index > 0) Stream::Out().Write(fmt::format("=== {} ===\n", index + 1));
    bool is_read = true;
    // An answer in a chat stands alone; another goes on with the prompt.
    const auto before = arguments_.Switch("chat") ? std::span<const TokenId>() : prompt_;
    AnswerStream stream(tokenizer_, before, arguments_.List("stop"), [&](std::string_view text) {
      if (shows) is_read = Stream::Out().Write(text);
    });
    const auto on_token = [&](TokenId token) { return stream.Push(token) && is_read; };
    const runtime::GenerationResult answer =
        Generate(engine_, sequence, prompt_, options, {on_token, GoOn});
    stream.Finish();
    if (index == 0) {
      first_token_seconds_ =
          load_seconds_ + prompt_times_.prompt_seconds + answer.times.first_token_seconds;
    }
    if (shows && !stream.text().ends_with('\n')) Stream::Out().Write("\n");
    answers_.push_back(AnswerToJson(answer, stream, seed));
    Tell(answer, stream, index);
  }

  void Tell(const runtime::GenerationResult& answer, const AnswerStream& stream,
            size_t index) const {
    if (arguments_.quiet() || arguments_.json()) return;
    std::string line;
    if (index == 0) {
      line = fmt::format("{}; first token after {:.0f} ms, {:.0f} of them to open the model; ",
                         PromptInWords(prompt_times_), 1e3 * first_token_seconds_,
                         1e3 * load_seconds_);
    }
    line +=
        fmt::format("{}; seed {}", AnswerInWords(answer, stream), options_.sampler.seed + index);
    const TextStyle style = StyleFor(Stream::Err());
    if (const std::string use = ExpertUseInWords(engine_); !use.empty()) line += "\nhlwq: " + use;
    Stream::Err().Write(fmt::format("{}hlwq: {}{}\n", style.dim, line, style.reset));
  }
};

}  // namespace

int RunGenerate(const Arguments& arguments) {
  const auto start = std::chrono::steady_clock::now();
  if (arguments.Has("system") && !arguments.Switch("chat")) {
    throw Error(ErrorCode::kInvalidArgument, "--system: want --chat with it");
  }
  runtime::Engine engine = OpenEngine(arguments, arguments.Operand("DIR"));
  PrintModelNotes(arguments, engine);
  const checkpoint::Checkpoint& checkpoint = engine.model().checkpoint();
  const text::Tokenizer tokenizer = OpenTokenizer(checkpoint, engine.config().sizes.vocab);
  const std::chrono::duration<double> load = std::chrono::steady_clock::now() - start;
  Answers answers(arguments, engine, tokenizer, PromptTokens(arguments, checkpoint, tokenizer));
  answers.Make(load.count());
  if (arguments.json()) PrintJson(answers.ToJson());
  engine.FinishTrace();
  return 0;
}

}  // namespace hlwq::cli
