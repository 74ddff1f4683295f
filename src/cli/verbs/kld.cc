// hlwq kld: how far a model's predictions are from those of what it was made from.
#include "eval/kld.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/model_files.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "cli/verbs/evaluation.h"
#include "cli/verbs/report_page.h"

namespace hlwq::cli {

int RunKld(const Arguments& arguments) {
  RequiredText(arguments, "file");
  const std::string reference_path = RequiredText(arguments, "reference");
  if (const auto page = arguments.FindText("report")) CheckPagePath(*page);
  runtime::Engine reference = OpenEngine(arguments, reference_path);
  runtime::Engine model = OpenEngine(arguments, arguments.Operand("DIR"));
  PrintModelNotes(arguments, reference);
  PrintModelNotes(arguments, model);
  eval::CheckVocabularies(reference, model);
  // Of two folders one may lack it.
  const bool has_tokenizer =
      ReadSideFile(reference.model().checkpoint(), "tokenizer.json").has_value();
  const std::vector<runtime::TokenId> tokens =
      ReadTextTokens(arguments, has_tokenizer ? reference : model);
  ProgressPrinter progress("kld", arguments);
  const eval::KldResult result =
      eval::MeasureKld(reference, model, tokens, TextRunOptionsOf(arguments, model, progress));
  progress.Finish();
  if (arguments.json()) {
    nlohmann::json json = eval::KldToJson(result);
    json["model"] = arguments.Operand("DIR");
    json["reference"] = reference_path;
    json["file"] = arguments.Text("file");
    json["threads"] = model.pool().threads();
    PrintJson(json);
  } else {
    Stream::Out().Write(eval::KldToText(result, LayoutFor(Stream::Out())));
  }
  return 0;
}

}  // namespace hlwq::cli
