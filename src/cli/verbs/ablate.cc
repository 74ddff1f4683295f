// hlwq ablate: what each step of a codec is worth, on a model and a text.
#include "eval/ablation.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/glob.h"
#include "chat/open_tokenizer.h"
#include "cli/checkpoint_source.h"
#include "cli/interrupts.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "cli/verbs/conversion.h"
#include "cli/verbs/evaluation.h"
#include "cli/verbs/report_page.h"
#include "hlwq/version.h"
#include "report/pages/ablation_page.h"

namespace hlwq::cli {
namespace {

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t comma = text.find(','); comma != text.npos; comma = text.find(',', begin)) {
    parts.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

// Those of --methods. A pattern that none has is a mistake.
std::vector<eval::AblationMethod> MethodsOf(const Arguments& arguments) {
  std::vector<eval::AblationMethod> all =
      eval::AblationMethods(static_cast<int>(arguments.Integer(flag::kBits)), DefaultBackend());
  const auto patterns = arguments.FindText(flag::kMethods);
  if (!patterns) return all;
  const std::vector<std::string> globs = SplitAtCommas(*patterns);
  for (const std::string& glob : globs) {
    CheckGlob(glob);
    if (std::ranges::none_of(all, [&](const auto& one) { return GlobMatches(glob, one.name); })) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("--methods: '{}' is the name of no method", glob));
    }
  }
  std::erase_if(all, [&](const eval::AblationMethod& method) {
    return std::ranges::none_of(
        globs, [&](const std::string& glob) { return GlobMatches(glob, method.name); });
  });
  return all;
}

}  // namespace

int RunAblate(const Arguments& arguments) {
  RequiredText(arguments, flag::kFile);
  if (const auto page = arguments.FindText(flag::kReport)) CheckPagePath(*page);
  const std::vector<eval::AblationMethod> methods = MethodsOf(arguments);
  const std::string source = arguments.Operand("SRC");
  runtime::Engine reference(eval::OpenReference(LocalSource(source)),
                            {.threads = ThreadsOf(arguments)});
  for (const std::string& note : reference.model().notes()) PrintNote(arguments, note);
  const std::vector<runtime::TokenId> tokens =
      ReadTextTokens(arguments, chat::OpenTokenizer(reference.model().checkpoint()));
  ProgressPrinter coding("coding", arguments), progress("ablate", arguments);
  eval::AblationOptions options = {.bits = static_cast<int>(arguments.Integer(flag::kBits)),
                                   .threads = ThreadsOf(arguments),
                                   .text = TextRunOptionsOf(arguments, reference, progress),
                                   .coding_progress = coding.Callback()};
  // From the end of the first window on there is something to show.
  std::optional<Interrupts> interrupts;
  options.text.should_stop = [&] {
    if (!interrupts) interrupts.emplace();
    return interrupts->was_interrupted();
  };
  const report::Ablation ablation =
      eval::MeasureAblation(reference, methods, tokens, options, DefaultBackend());
  progress.Finish();
  if (const auto page = arguments.FindText(flag::kReport)) {
    WriteFileAtomically(
        *page, report::RenderAblationPage({.model = LastName(source),
                                           .text_name = LastName(arguments.Text(flag::kFile)),
                                           .tool_version = kVersion,
                                           .ablation = ablation}));
  }
  if (arguments.json()) {
    nlohmann::json json = report::AblationToJson(ablation);
    json["model"] = source;
    json["file"] = arguments.Text(flag::kFile);
    json["threads"] = reference.pool().threads();
    PrintJson(json);
  } else {
    Stream::Out().Write(report::AblationToText(ablation, LayoutFor(Stream::Out())));
  }
  return 0;
}

}  // namespace hlwq::cli
