// hlwq chat: a conversation in the terminal, or with a pipe.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "chat/conversation.h"
#include "chat/session.h"
#include "cli/answer_report.h"
#include "cli/expert_report.h"
#include "cli/generation_options.h"
#include "cli/interrupts.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/prompt_cache.h"
#include "cli/standard_input.h"
#include "cli/terminal.h"
#include "cli/verbs.h"

namespace hlwq::cli {
namespace {

constexpr std::string_view kHelp =
    "/reset begins a new conversation, /exit or Ctrl-D ends the program, /help shows this.\n"
    "Ctrl-C ends an answer.\n";

class Chat {
 public:
  Chat(const Arguments& arguments, chat::TextModel& model, PromptCache& saved)
      : arguments_(arguments),
        model_(model),
        saved_(saved),
        options_{.generate = GenerateOptionsOf(arguments, model),
                 .stops = arguments.List(flag::kStop)},
        conversation_(model.chat_format(), ConversationOptionsOf(arguments)),
        session_(model, CacheOptionsOf(arguments, ContextTokensOf(arguments, model))) {}

  void Run() {
    if (lines_.is_terminal()) Talk(kHelp);
    bool was_interrupted = false;
    while (true) {
      if (lines_.is_terminal()) Talk("> ");
      std::string line;
      const LineReader::Result result = lines_.Next(line);
      if (result == LineReader::Result::kEnd) break;
      if (result == LineReader::Result::kInterrupted) {
        if (!interrupts_.Clear()) continue;
        if (std::exchange(was_interrupted, true)) break;
        Talk("\n(Ctrl-C again or Ctrl-D to end)\n");
        continue;
      }
      was_interrupted = false;
      if (!Take(line)) return;
    }
    if (lines_.is_terminal()) Talk("\n");
  }

  nlohmann::json ToJson() const {
    nlohmann::json json = {{"messages", conversation_.messages()}, {"answers", answers_}};
    if (saved_.is_on()) json["cached_tokens"] = saved_.loaded_tokens();
    return json;
  }

 private:
  const Arguments& arguments_;
  chat::TextModel& model_;
  PromptCache& saved_;
  chat::AnswerOptions options_;
  chat::Conversation conversation_;
  chat::Session session_;
  Interrupts interrupts_;
  LineReader lines_;
  bool has_asked_ = false;
  nlohmann::json answers_ = nlohmann::json::array();

  void Talk(std::string_view text) const {
    if (!arguments_.quiet()) Stream::Err().Write(text);
  }

  // False when the conversation is over.
  bool Take(const std::string& line) {
    if (line.empty()) return true;
    if (line == "/exit" || line == "/quit") return false;
    if (line == "/help") {
      Talk(kHelp);
    } else if (line == "/reset") {
      conversation_.Reset();
    } else {
      return Answer(line);
    }
    return true;
  }

  bool Answer(const std::string& line) {
    conversation_.Add("user", line);
    try {
      return AnswerLast();
    } catch (const Error& error) {
      // Someone who types can go on from here; a script is to fail.
      if (!lines_.is_terminal() || saved_.has_failed()) throw;
      conversation_.RemoveLast();
      const TextStyle style = StyleFor(Stream::Err());
      Stream::Err().Write(fmt::format("{}hlwq: error:{} {} (/reset begins anew)\n", style.red,
                                      style.reset, Printable(error.what())));
      return true;
    }
  }

  // False when nobody reads the answer any more.
  bool AnswerLast() {
    bool is_read = true;
    const auto on_text = [&](std::string_view text) {
      if (!arguments_.json()) is_read = Stream::Out().Write(text);
      return is_read;
    };
    const auto should_stop = [&] { return interrupts_.was_interrupted(); };
    runtime::ExpertCache* experts = model_.engine().expert_cache();
    if (experts != nullptr) experts->ResetStatistics();
    const std::vector<text::TokenId> prompt = conversation_.Prompt(model_.tokenizer());
    const bool uses_file = saved_.is_on() && !has_asked_;
    runtime::GenerateTimes first;
    if (uses_file) first = ReadFirst(prompt, should_stop);
    chat::Answer answer =
        session_.Reply(prompt, options_, {.on_text = on_text, .should_stop = should_stop});
    has_asked_ = true;
    if (uses_file) {
      answer.generation.times.reused_tokens = first.reused_tokens;
      answer.generation.times.prompt_seconds = first.prompt_seconds;
    }
    interrupts_.Clear();
    conversation_.Add("assistant", answer.text);
    if (!arguments_.json()) is_read = Stream::Out().Write("\n") && is_read;
    uint64_t& seed = options_.generate.sampler.seed;
    answers_.push_back(AnswerToJson(answer, seed));
    Tell(answer, uses_file);
    ++seed;
    return is_read;
  }

  // Reads the first prompt, with --prompt-cache, and leaves it to the next run.
  runtime::GenerateTimes ReadFirst(std::span<const text::TokenId> prompt,
                                   const std::function<bool()>& should_stop) {
    saved_.Load(session_, prompt);
    chat::AnswerOptions no_tokens = options_;
    no_tokens.generate.max_tokens = 0;
    const chat::Answer read = session_.Reply(prompt, no_tokens, {.should_stop = should_stop});
    if (read.generation.reason == runtime::StopReason::kLength) saved_.SavePrompt(session_);
    return read.generation.times;
  }

  void Tell(const chat::Answer& answer, bool uses_file) const {
    if (arguments_.json()) return;
    const TextStyle style = StyleFor(Stream::Err());
    Talk(fmt::format(
        "{}hlwq: {}; {}; seed {}{}\n", style.dim,
        PromptInWords(answer.generation.times, uses_file ? saved_.Source() : std::nullopt),
        AnswerInWords(answer), options_.generate.sampler.seed, style.reset));
    const std::string use = ExpertUseInWords(model_.engine());
    if (!use.empty()) Talk(fmt::format("{}hlwq: {}{}\n", style.dim, use, style.reset));
  }
};

}  // namespace

int RunChat(const Arguments& arguments) {
  PromptCache saved(arguments);
  chat::TextModel model =
      OpenModel(arguments, arguments.Operand("DIR"), {.snapshot_bytes = saved.snapshot_bytes()});
  PrintModelNotes(arguments, model);
  model.tokenizer();  // without one there is nothing to talk about
  Chat chat(arguments, model, saved);
  chat.Run();
  if (arguments.json()) PrintJson(chat.ToJson());
  model.engine().FinishTrace();
  saved.Finish();
  return 0;
}

}  // namespace hlwq::cli
