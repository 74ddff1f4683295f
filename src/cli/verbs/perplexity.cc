// hlwq perplexity: how well a model predicts a text.
#include "eval/perplexity.h"

#include <nlohmann/json.hpp>

#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "cli/verbs/evaluation.h"

namespace hlwq::cli {

int RunPerplexity(const Arguments& arguments) {
  RequiredText(arguments, flag::kFile);
  chat::TextModel model = OpenModel(arguments, arguments.Operand("DIR"));
  PrintModelNotes(arguments, model);
  const std::vector<runtime::TokenId> tokens = ReadTextTokens(arguments, model.tokenizer());
  runtime::Engine& engine = model.engine();
  ProgressPrinter progress("perplexity", arguments);
  const report::PerplexityResult result =
      eval::MeasurePerplexity(engine, tokens, TextRunOptionsOf(arguments, engine, progress));
  progress.Finish();
  if (arguments.json()) {
    nlohmann::json json = report::PerplexityToJson(result);
    json["model"] = arguments.Operand("DIR");
    json["file"] = arguments.Text(flag::kFile);
    json["threads"] = engine.pool().threads();
    PrintJson(json);
  } else {
    Stream::Out().Write(report::PerplexityToText(result, LayoutFor(Stream::Out())));
  }
  engine.FinishTrace();
  return 0;
}

}  // namespace hlwq::cli
