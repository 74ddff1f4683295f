// hlwq chat: a conversation in the terminal, or with a pipe.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/answer_report.h"
#include "cli/answer_stream.h"
#include "cli/conversation.h"
#include "cli/expert_options.h"
#include "cli/generation_options.h"
#include "cli/interrupts.h"
#include "cli/model_files.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/standard_input.h"
#include "cli/terminal.h"
#include "cli/verbs.h"

namespace hlwq::cli {
namespace {

using runtime::TokenId;

constexpr std::string_view kHelp =
    "/reset begins a new conversation, /exit or Ctrl-D ends the program, /help shows this.\n"
    "Ctrl-C ends an answer.\n";

class Chat {
 public:
  Chat(const Arguments& arguments, runtime::Engine& engine, const text::Tokenizer& tokenizer)
      : arguments_(arguments),
        engine_(engine),
        tokenizer_(tokenizer),
        options_(GenerateOptionsOf(arguments, engine.model().checkpoint())),
        conversation_(OpenChatFormat(engine.model().checkpoint()),
                      {.system = arguments.Text("system"),
                       .forbids_thinking = arguments.Switch("no-thinking")}),
        sequence_(engine, CacheOptionsOf(arguments, ContextTokensOf(arguments, engine.config()))) {}

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
    return {{"messages", conversation_.messages()}, {"answers", answers_}};
  }

 private:
  const Arguments& arguments_;
  runtime::Engine& engine_;
  const text::Tokenizer& tokenizer_;
  runtime::GenerateOptions options_;
  Conversation conversation_;
  runtime::Sequence sequence_;
  Interrupts interrupts_;
  LineReader lines_;
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
    conversation_.AddUser(line);
    try {
      return AnswerLast();
    } catch (const Error& error) {
      // Someone who types can go on from here; a script is to fail.
      if (!lines_.is_terminal()) throw;
      conversation_.RemoveLast();
      const TextStyle style = StyleFor(Stream::Err());
      Stream::Err().Write(fmt::format("{}hlwq: error:{} {} (/reset begins anew)\n", style.red,
                                      style.reset, Printable(error.what())));
      return true;
    }
  }

  // False when nobody reads the answer any more.
  bool AnswerLast() {
    const std::vector<TokenId> prompt = conversation_.Prompt(tokenizer_);
    bool is_read = true;
    AnswerStream stream(tokenizer_, {}, arguments_.List("stop"), [&](std::string_view text) {
      if (!arguments_.json()) is_read = Stream::Out().Write(text);
    });
    const auto on_token = [&](TokenId token) {
      return stream.Push(token) && is_read && !interrupts_.was_interrupted();
    };
    const auto on_prompt = [&](size_t) { return !interrupts_.was_interrupted(); };
    if (engine_.expert_cache() != nullptr) engine_.expert_cache()->ResetStatistics();
    const runtime::GenerationResult answer =
        Generate(engine_, sequence_, prompt, options_, {on_token, on_prompt});
    stream.Finish();
    interrupts_.Clear();
    conversation_.AddAssistant(stream.text());
    if (!arguments_.json()) is_read = Stream::Out().Write("\n") && is_read;
    answers_.push_back(AnswerToJson(answer, stream, options_.sampler.seed));
    Tell(answer, stream);
    ++options_.sampler.seed;
    return is_read;
  }

  void Tell(const runtime::GenerationResult& answer, const AnswerStream& stream) const {
    if (arguments_.json()) return;
    const TextStyle style = StyleFor(Stream::Err());
    Talk(fmt::format("{}hlwq: {}; {}; seed {}{}\n", style.dim, PromptInWords(answer.times),
                     AnswerInWords(answer, stream), options_.sampler.seed, style.reset));
    if (engine_.expert_cache() == nullptr) return;
    Talk(fmt::format("{}hlwq: {}{}\n", style.dim, ExpertUseInWords(engine_), style.reset));
  }
};

}  // namespace

int RunChat(const Arguments& arguments) {
  runtime::Engine engine = OpenEngine(arguments, arguments.Operand("DIR"));
  PrintModelNotes(arguments, engine);
  const text::Tokenizer tokenizer =
      OpenTokenizer(engine.model().checkpoint(), engine.config().sizes.vocab);
  Chat chat(arguments, engine, tokenizer);
  chat.Run();
  if (arguments.json()) PrintJson(chat.ToJson());
  engine.FinishTrace();
  return 0;
}

}  // namespace hlwq::cli
