#include <fmt/format.h>

#include "base/file.h"
#include "base/number_text.h"
#include "hlwq/version.h"
#include "study/cli/run_folder.h"
#include "study/cli/verbs.h"
#include "study/report/study_report.h"
#include "study/report/study_style.h"
#include "study/training/checkpoint.h"

namespace hlwq::study {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

// "ar 923,776, mdlm 923,904", of arms with a net.
std::string ParameterCounts(const RunFolder& run) {
  std::string text;
  for (const ArmConfig& arm : run.config.arms) {
    for (const NetRun& net : NetsOf(run)) {
      const std::filesystem::path path = net.folder / "best.safetensors";
      if (net.arm.name != arm.name || !std::filesystem::exists(path)) continue;
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", arm.name,
                          FormatCount(LoadNet(path).net.ParameterCount()));
      break;
    }
  }
  return text;
}

// Of the corpus, where it is still there, and of the model.
Facts FactsOf(const RunFolder& run) {
  Facts facts;
  if (std::filesystem::exists(run.corpus_path / "corpus.safetensors")) {
    const Corpus corpus = OpenCorpus(run);
    const auto source = corpus.facts().find("model");
    const auto text = corpus.facts().find("text_path");
    std::string from = "text";
    if (source != corpus.facts().end()) {
      from = "sampled from " + std::filesystem::path(source->second).filename().string();
    } else if (text != corpus.facts().end()) {
      from = std::filesystem::path(text->second).filename().string();
    }
    facts.emplace_back("Corpus", fmt::format("{}, {} tokens to train on", from,
                                             FormatCount(corpus.tokens(Split::kTrain).size())));
    facts.emplace_back("Vocabulary", FormatCount(corpus.vocabulary()));
  }
  const ModelConfig& model = run.config.model;
  facts.emplace_back("Model", fmt::format("{} layers, {} heads, width {}, window {}", model.layers,
                                          model.heads, model.width, model.window));
  if (const std::string counts = ParameterCounts(run); !counts.empty()) {
    facts.emplace_back("Parameters", counts);
  }
  return facts;
}

int RunReport(const Arguments& arguments) {
  StudyReport report = ReadStudy(arguments.operand());
  report.tool_version = kVersion;
  report.facts = FactsOf(OpenRun(arguments.operand(), std::nullopt, std::nullopt));
  const std::filesystem::path page = arguments.operand() / "report.html",
                              folder = arguments.operand() / "report";
  std::filesystem::create_directories(folder);
  WriteFileAtomically(page, RenderStudyPage(report));
  WriteFileAtomically(folder / "report.md", RenderStudyMarkdown(report));
  const std::vector<NamedDrawing> drawings = MakeDrawings(report);
  for (const NamedDrawing& drawing : drawings) {
    WriteFileAtomically(folder / drawing.file, StandaloneSvg(drawing.svg));
  }
  fmt::print("{}, and {} with {} drawings\n", page.string(), (folder / "report.md").string(),
             drawings.size());
  return 0;
}

}  // namespace

Verb ReportVerb() {
  return {.name = "report",
          .operand = "RUN",
          .help = "report.html of what is there; report/ has the same as Markdown and SVG files",
          .flags = {},
          .run = RunReport};
}

}  // namespace hlwq::study
