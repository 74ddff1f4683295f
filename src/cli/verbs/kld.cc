// hlwq kld: how far a model's predictions are from those of what it was made from.
#include "eval/kld.h"

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "chat/open_tokenizer.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "cli/verbs/evaluation.h"
#include "cli/verbs/report_page.h"
#include "eval/worst_tokens.h"
#include "hlwq/version.h"
#include "report/pages/kld_page.h"

namespace hlwq::cli {
namespace {

constexpr size_t kWorstTokens = 16;

}  // namespace

int RunKld(const Arguments& arguments) {
  RequiredText(arguments, flag::kFile);
  // One model that keeps keys and values in two ways, or two models.
  const bool is_one = arguments.Has(flag::kReferenceKv) && !arguments.Has(flag::kReference);
  const std::string reference_path =
      is_one ? arguments.Operand("DIR") : RequiredText(arguments, flag::kReference);
  if (const auto page = arguments.FindText(flag::kReport)) CheckPagePath(*page);
  const OpenOptions open = {.models = is_one ? 1 : 2, .has_trace = false};
  const std::unique_ptr<chat::TextModel> other(
      is_one ? nullptr : new chat::TextModel(OpenModel(arguments, reference_path, open)));
  chat::TextModel text_model = OpenModel(arguments, arguments.Operand("DIR"), open);
  chat::TextModel& reference_model = other ? *other : text_model;
  if (other) PrintModelNotes(arguments, *other);
  PrintModelNotes(arguments, text_model);
  runtime::Engine& reference = reference_model.engine();
  runtime::Engine& model = text_model.engine();
  eval::CheckVocabularies(reference, model);
  // Of two folders one may lack it.
  const bool has_own = chat::HasTokenizer(reference_model.checkpoint());
  const text::Tokenizer& tokenizer = (has_own ? reference_model : text_model).tokenizer();
  const std::vector<runtime::TokenId> tokens = ReadTextTokens(arguments, tokenizer);
  ProgressPrinter progress("kld", arguments);
  eval::TextRunOptions options = TextRunOptionsOf(arguments, model, progress);
  options.reference_kv_format = KvFormatFrom(arguments, flag::kReferenceKv);
  const report::KldResult result = eval::MeasureKld(reference, model, tokens, options);
  progress.Finish();
  if (const auto page = arguments.FindText(flag::kReport)) {
    const report::KldPageInput input = {
        .model = LastName(arguments.Operand("DIR")),
        .reference = LastName(reference_path),
        .text_name = LastName(arguments.Text(flag::kFile)),
        .tool_version = kVersion,
        .result = result,
        .worst = eval::FindWorstTokens(result, tokens, tokenizer, kWorstTokens)};
    WriteFileAtomically(*page, report::RenderKldPage(input));
  }
  if (arguments.json()) {
    nlohmann::json json = report::KldToJson(result);
    json["model"] = arguments.Operand("DIR");
    json["reference"] = reference_path;
    json["kv"] = options.kv_format.name();
    json["reference_kv"] = options.reference_kv_format.name();
    json["file"] = arguments.Text(flag::kFile);
    json["threads"] = model.pool().threads();
    PrintJson(json);
  } else {
    Stream::Out().Write(report::KldToText(result, LayoutFor(Stream::Out())));
  }
  return 0;
}

}  // namespace hlwq::cli
