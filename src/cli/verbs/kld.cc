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
#include "eval/kld_page.h"
#include "hlwq/version.h"

namespace hlwq::cli {
namespace {

constexpr size_t kWorstTokens = 16;

// The reference's; of two folders one may lack it.
text::Tokenizer OpenEitherTokenizer(const runtime::Engine& reference,
                                    const runtime::Engine& model) {
  const bool has_own = reference.model().checkpoint().FindSideFile("tokenizer.json") != nullptr;
  return OpenTokenizer((has_own ? reference : model).model().checkpoint(),
                       model.config().sizes.vocab);
}

}  // namespace

int RunKld(const Arguments& arguments) {
  RequiredText(arguments, "file");
  const std::string reference_path = RequiredText(arguments, "reference");
  if (const auto page = arguments.FindText("report")) CheckPagePath(*page);
  runtime::Engine reference = OpenEngine(arguments, reference_path, 2);
  runtime::Engine model = OpenEngine(arguments, arguments.Operand("DIR"), 2);
  PrintModelNotes(arguments, reference);
  PrintModelNotes(arguments, model);
  eval::CheckVocabularies(reference, model);
  const text::Tokenizer tokenizer = OpenEitherTokenizer(reference, model);
  const std::vector<runtime::TokenId> tokens = ReadTextTokens(arguments, tokenizer);
  ProgressPrinter progress("kld", arguments);
  const eval::KldResult result =
      eval::MeasureKld(reference, model, tokens, TextRunOptionsOf(arguments, model, progress));
  progress.Finish();
  if (const auto page = arguments.FindText("report")) {
    const eval::KldPageInput input = {
        .model = LastName(arguments.Operand("DIR")),
        .reference = LastName(reference_path),
        .text_name = LastName(arguments.Text("file")),
        .tool_version = kVersion,
        .result = result,
        .worst = eval::FindWorstTokens(result, tokens, tokenizer, kWorstTokens)};
    WriteFileAtomically(*page, eval::RenderKldPage(input));
  }
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
