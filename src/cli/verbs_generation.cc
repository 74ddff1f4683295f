// The verbs that make text.
#include "cli/flags/flags.h"
#include "cli/verbs.h"

namespace hlwq::cli {
namespace {

constexpr std::string_view kRun = "Run models";
constexpr std::string_view kModelHelp =
    "a checkpoint to run, quantized or plain: its folder, a .gguf file, or hf:ORG/NAME";

Verb GenerateVerb() {
  return {
      .name = "generate",
      .group = kRun,
      .summary = "Go on from a text, or answer it",
      .description =
          "Runs the model in DIR on the processor, codes read in place, and goes on from a prompt: "
          "given with -p, in a file, or on standard input. Only the text goes to standard output, "
          "as it is made; speed and the seed go to standard error.\n\n"
          "How tokens are chosen is said by flags, else by the model's generation_config.json, "
          "else as llama.cpp does: temperature 0.8, top-k 40, top-p 0.95, min-p 0.05.",
      .operands = {{"DIR", kModelHelp}},
      .examples = {{"hlwq generate Qwen3-1.7B-hlwq -p 'Once upon a time' -n 100", "A story."},
                   {"hlwq generate Qwen3-1.7B-hlwq --chat -p 'Why is the sky blue?'",
                    "An answer, by the model's chat template."},
                   {"hlwq generate Qwen3-1.7B-hlwq -f text.txt --temperature 0 --json",
                    "The likeliest continuation, with its ids and timings."}},
      .run = RunGenerate,
  };
}

Verb ChatVerb() {
  return {
      .name = "chat",
      .group = kRun,
      .summary = "Talk with a model",
      .description =
          "Every line is a message to the model, which answers by its chat template and knows what "
          "was said before. Ctrl-C ends an answer, Ctrl-D the conversation; /reset begins a new "
          "one, /help shows the commands. Lines from a pipe are answered in turn.\n\n"
          "How tokens are chosen is said as for generate.",
      .operands = {{"DIR", kModelHelp}},
      .examples = {{"hlwq chat Qwen3-1.7B-hlwq --system 'Answer in one sentence.'",
                    "With instructions to begin with."}},
      .run = RunChat,
  };
}

Verb ServeVerb() {
  return {
      .name = "serve",
      .group = kRun,
      .summary = "Serve a model to programs that speak OpenAI's or Anthropic's API",
      .description =
          "Opens the model in DIR and answers HTTP requests: a chat page for browsers at /, "
          "OpenAI's "
          "/v1/chat/completions, /v1/completions and /v1/responses, Anthropic's /v1/messages, all "
          "whole or as streams, /v1/models, /health, /metrics and more (docs/server.md). Several "
          "requests are computed together, the next token of each in one pass; what a request gets "
          "does not depend on the others. The beginning that a prompt has in common with earlier "
          "ones is not computed again. Several DIR, or one that is a folder of models, are served "
          "by the "
          "names of their folders: each is opened when a request names it.\n\n"
          "Only programs on this machine can reach it, unless --host says otherwise. SIGTERM or "
          "Ctrl-C lets the answers under way end; a second one does not wait for them.",
      .operands = {{.name = "DIR",
                    .help = "a checkpoint to run, quantized or plain: its folder, a .gguf file, or "
                            "hf:ORG/NAME; or a folder of such models",
                    .is_required = false,  // --models-dir may stand for it
                    .is_repeated = true}},
      .examples = {{"hlwq serve Qwen3-1.7B-hlwq",
                    "A page at http://127.0.0.1:8080, and any client of OpenAI's API at "
                    "http://127.0.0.1:8080/v1."},
                   {"hlwq serve models", "All models in a folder, by the names of theirs."},
                   {"hlwq serve Qwen3-1.7B-hlwq coder.gguf --models-memory 12G",
                    "Two models; both stay open where they fit 12 GB together."},
                   {"hlwq serve Qwen3-1.7B-hlwq --host 0.0.0.0 --api-key-file keys.txt",
                    "For other machines, which need a key."}},
      .run = RunServe,
  };
}

Verb TokenizeVerb() {
  return {
      .name = "tokenize",
      .group = kRun,
      .summary = "Turn text into token ids, or back",
      .description =
          "Reads a text from standard input and prints its token ids as one JSON list, as the "
          "tokenizer.json in DIR says. Invalid UTF-8 becomes U+FFFD. --json shows the tokens too.",
      .operands = {{"DIR", "a checkpoint, a folder with a tokenizer.json, or that file"}},
      .examples = {{"hlwq tokenize Qwen3-1.7B < text.txt | jq length", "How many tokens?"},
                   {"hlwq tokenize Qwen3-1.7B --jsonl < texts.jsonl", "One text a line."}},
      .run = RunTokenize,
  };
}

}  // namespace

std::vector<Verb> GenerationVerbs() {
  return {GenerateVerb(), ChatVerb(), ServeVerb(), TokenizeVerb()};
}

}  // namespace hlwq::cli
