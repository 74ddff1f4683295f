#include <fmt/format.h>

#include <cstdio>

#include "base/error.h"
#include "base/number_text.h"
#include "study/cli/progress_line.h"
#include "study/cli/verbs.h"
#include "study/corpus/prepare.h"
#include "study/tokenize/learn_tokenizer.h"

namespace hlwq::study {
namespace {

SplitShares SharesOf(const Arguments& arguments) {
  const SplitShares shares = {.validation = arguments.Number("validation", 0.05),
                              .test = arguments.Number("test", 0.05)};
  if (!(shares.validation > 0 && shares.test > 0 && shares.validation + shares.test < 1)) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format(
            "--validation and --test: want shares above 0 with a sum below 1, got {} and {}",
            shares.validation, shares.test));
  }
  return shares;
}

void Summarise(const std::filesystem::path& folder) {
  const Corpus corpus(folder);
  fmt::print("{}: vocabulary {}, start token {}, hash {}\n", folder.string(), corpus.vocabulary(),
             corpus.start(), corpus.hash());
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
    fmt::print("  {:<11} {:>13} tokens {:>11} documents\n", kSplitNames[static_cast<size_t>(split)],
               FormatCount(corpus.tokens(split).size()), FormatCount(corpus.documents(split)));
  }
}

int RunPrepare(const Arguments& arguments) {
  ProgressLine line(arguments.Has("quiet"));
  const TokenProgress on_progress = [&](size_t done, size_t total) {
    line.Show(total == 0 ? fmt::format("{} tokens", FormatCount(done))
                         : fmt::format("{} of {} tokens", FormatCount(done), FormatCount(total)));
  };
  const SplitShares shares = SharesOf(arguments);
  if (arguments.Has("from-model") == arguments.Has("text")) {
    throw Error(ErrorCode::kInvalidArgument, "want one of --from-model and --text");
  }
  if (arguments.Has("from-model")) {
    PrepareFromModel({.model = arguments.RequiredText("from-model"),
                      .tokens = arguments.Size("tokens", 1'000'000),
                      .document_tokens = arguments.Size("window", 128),
                      .seed = arguments.Size("seed", 0),
                      .threads = static_cast<int>(arguments.Size("threads", 0)),
                      .shares = shares,
                      .on_progress = on_progress},
                     arguments.operand());
  } else {
    const std::string separator = arguments.Text("separator").value_or("");
    if (arguments.Has("vocabulary")) {
      if (arguments.Has("tokenizer")) {
        throw Error(ErrorCode::kInvalidArgument, "want one of --tokenizer and --vocabulary");
      }
      LearnTokenizer({.text = arguments.RequiredText("text"),
                      .separator = separator,
                      .shares = shares,
                      .vocabulary = arguments.Size("vocabulary", 0),
                      .threads = static_cast<int>(arguments.Size("threads", 0))},
                     arguments.operand());
    }
    PrepareText({.text = arguments.RequiredText("text"),
                 .tokenizer = arguments.Has("vocabulary") ? arguments.operand().string()
                                                          : arguments.RequiredText("tokenizer"),
                 .separator = separator,
                 .start = arguments.Text("start").value_or(""),
                 .max_tokens = arguments.Size("tokens", 0),
                 .shares = shares,
                 .on_progress = on_progress},
                arguments.operand());
  }
  line.Clear();
  Summarise(arguments.operand());
  return 0;
}

}  // namespace

Verb PrepareVerb() {
  return {
      .name = "prepare",
      .operand = "CORPUS",
      .help = "makes a corpus of text, or of what a language model says",
      .flags = {{"from-model", "DIR", "sample documents from this model, at temperature 1"},
                {"text", "PATH", "a text, or a folder of texts"},
                {"tokenizer", "PATH", "of a text: a tokenizer.json, or a folder with one"},
                {"vocabulary", "N", "instead, learn so many tokens from its training split"},
                {"separator", "TEXT", "of documents in a text; else <|endoftext|>, or empty lines"},
                {"start", "TOKEN",
                 "the token before each document; else the tokenizer's usual one"},
                {"tokens", "N",
                 "of all splits; of a text at most (1,000,000 of a model, all of a text)"},
                {"window", "N", "tokens of a sampled document (128)"},
                {"seed", "N", "of sampling (0)"},
                {"threads", "N", "(the cores of this process)"},
                {"validation", "SHARE", "of documents (0.05)"},
                {"test", "SHARE", "of documents (0.05)"},
                {"quiet", "", "no progress"}},
      .run = RunPrepare};
}

}  // namespace hlwq::study
