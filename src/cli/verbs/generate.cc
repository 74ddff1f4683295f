// hlwq generate: a prompt in, text out.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/stopwatch.h"
#include "chat/conversation.h"
#include "chat/session.h"
#include "cli/answer_form.h"
#include "cli/answer_report.h"
#include "cli/expert_report.h"
#include "cli/generation_options.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/prompt_cache.h"
#include "cli/standard_input.h"
#include "cli/terminal.h"
#include "cli/verbs.h"

namespace hlwq::cli {
namespace {

using runtime::TokenId;

constexpr uint64_t kMaxPromptBytes = 64u << 20;

std::string WithoutLastNewline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string PromptText(const Arguments& arguments) {
  if (const auto prompt = arguments.FindText(flag::kPrompt)) return *prompt;
  if (const auto path = arguments.FindText(flag::kFile)) {
    return WithoutLastNewline(ReadSmallFile(*path, kMaxPromptBytes));
  }
  return WithoutLastNewline(ReadStandardInput(kMaxPromptBytes));
}

std::vector<TokenId> PromptTokens(const Arguments& arguments, const chat::TextModel& model) {
  const std::string prompt = PromptText(arguments);
  if (!arguments.Switch(flag::kChat)) return model.EncodePrompt(prompt);
  chat::Conversation conversation(model.chat_format(), ConversationOptionsOf(arguments));
  conversation.Add("user", prompt);
  return conversation.Prompt(model.tokenizer());
}

// The answers to one prompt, and everything told about them.
class Answers {
 public:
  Answers(const Arguments& arguments, chat::TextModel& model, PromptCache& saved,
          std::vector<TokenId> prompt)
      : arguments_(arguments),
        model_(model),
        saved_(saved),
        prompt_(std::move(prompt)),
        cache_(CacheOptionsOf(arguments, ContextTokensOf(arguments, model))),
        // An answer in a chat stands alone; another goes on with the prompt.
        options_{.generate = GenerateOptionsOf(arguments, model),
                 .stops = arguments.List(flag::kStop),
                 .continues_prompt = !arguments.Switch(flag::kChat)},
        form_(AnswerFormOf(arguments, model, prompt_)),
        base_(model, cache_) {}

  void Make(double load_seconds) {
    chat::AnswerOptions no_tokens = options_;
    no_tokens.generate.max_tokens = 0;
    Stopwatch watch;
    saved_.Load(base_, prompt_);
    file_seconds_ = watch.Seconds();
    prompt_times_ = base_.Reply(prompt_, no_tokens).generation.times;
    watch = Stopwatch();
    saved_.SavePrompt(base_);
    file_seconds_ += watch.Seconds();
    load_seconds_ = load_seconds;
    const auto count = static_cast<size_t>(arguments_.Integer(flag::kNumAnswers));
    if (count == 1) {
      MakeOne(base_, 0);
      return saved_.SaveAll(base_);
    }
    chat::Session copy(model_, cache_);
    for (size_t answer = 0; answer < count; ++answer) {
      copy.ForkFrom(base_);
      MakeOne(copy, answer);
    }
    saved_.SaveAll(copy);
  }

  nlohmann::json ToJson() const {
    nlohmann::json prompt = {{"ids", prompt_},
                             {"seconds", prompt_times_.prompt_seconds},
                             {"tokens_per_second", prompt_times_.prompt_tokens_per_second()}};
    if (saved_.is_on()) prompt["cached_tokens"] = saved_.loaded_tokens();
    return {{"prompt", std::move(prompt)},
            {"answers", answers_},
            {"experts", ExpertUseToJson(model_.engine())},
            {"load_seconds", load_seconds_},
            {"first_token_seconds", first_token_seconds_}};
  }

 private:
  const Arguments& arguments_;
  chat::TextModel& model_;
  PromptCache& saved_;
  std::vector<TokenId> prompt_;
  runtime::KvCacheOptions cache_;
  chat::AnswerOptions options_;
  std::shared_ptr<const constrain::Grammar> form_;  // may be null
  chat::Session base_;                              // the prompt
  runtime::GenerateTimes prompt_times_;
  double load_seconds_ = 0, first_token_seconds_ = 0;
  double file_seconds_ = 0;  // of these, for --prompt-cache
  nlohmann::json answers_ = nlohmann::json::array();

  void MakeOne(chat::Session& session, size_t index) {
    const bool shows = !arguments_.json();
    chat::AnswerOptions options = options_;
    const uint64_t seed = options.generate.sampler.seed += index;
    const auto filter = form_ ? form_->NewFilter() : nullptr;
    options.filter = filter.get();
    if (shows && index > 0) Stream::Out().Write(fmt::format("=== {} ===\n", index + 1));
    const auto on_text = [&](std::string_view text) { return !shows || Stream::Out().Write(text); };
    const chat::Answer answer = session.Reply(prompt_, options, {.on_text = on_text});
    if (index == 0) {
      first_token_seconds_ = load_seconds_ + file_seconds_ + prompt_times_.prompt_seconds +
                             answer.generation.times.first_token_seconds;
    }
    if (shows && !answer.text.ends_with('\n')) Stream::Out().Write("\n");
    answers_.push_back(AnswerToJson(answer, seed));
    Tell(answer, seed, index);
  }

  void Tell(const chat::Answer& answer, uint64_t seed, size_t index) const {
    if (arguments_.quiet() || arguments_.json()) return;
    std::string line;
    if (index == 0) {
      line = fmt::format(
          "{}; first token after {:.0f} ms, {:.0f} of them to open the model{}; ",
          PromptInWords(prompt_times_, saved_.Source()), 1e3 * first_token_seconds_,
          1e3 * load_seconds_,
          saved_.is_on() ? fmt::format(", {:.0f} for the file", 1e3 * file_seconds_) : "");
    }
    line += fmt::format("{}; seed {}", AnswerInWords(answer), seed);
    const TextStyle style = StyleFor(Stream::Err());
    const std::string use = ExpertUseInWords(model_.engine());
    if (!use.empty()) line += "\nhlwq: " + use;
    Stream::Err().Write(fmt::format("{}hlwq: {}{}\n", style.dim, line, style.reset));
  }
};

}  // namespace

int RunGenerate(const Arguments& arguments) {
  const auto start = std::chrono::steady_clock::now();
  if (arguments.Has(flag::kSystem) && !arguments.Switch(flag::kChat)) {
    throw Error(ErrorCode::kInvalidArgument, "--system: want --chat with it");
  }
  PromptCache saved(arguments);
  chat::TextModel model =
      OpenModel(arguments, arguments.Operand("DIR"), {.snapshot_bytes = saved.snapshot_bytes()});
  PrintModelNotes(arguments, model);
  model.tokenizer();  // is a part of opening the model
  const std::chrono::duration<double> load = std::chrono::steady_clock::now() - start;
  Answers answers(arguments, model, saved, PromptTokens(arguments, model));
  answers.Make(load.count());
  if (arguments.json()) PrintJson(answers.ToJson());
  model.engine().FinishTrace();
  saved.Finish();
  return 0;
}

}  // namespace hlwq::cli
