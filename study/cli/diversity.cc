#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "study/cli/progress_line.h"
#include "study/cli/run_folder.h"
#include "study/cli/verbs.h"
#include "study/diversity/words.h"
#include "study/report/averages.h"
#include "study/samples/measured_set.h"
#include "study/samples/settings.h"

namespace hlwq::study {
namespace {

constexpr uint64_t kMostTokenizerBytes = 256u << 20;

// Files of samples: those of the data first, then in the order of nets and settings.
std::vector<std::filesystem::path> SampleFiles(const RunFolder& run) {
  std::vector<std::filesystem::path> files;
  const std::filesystem::path folder = run.path / "samples";
  if (std::filesystem::exists(folder / "data.jsonl")) files.push_back(folder / "data.jsonl");
  for (const NetRun& net : NetsOf(run)) {
    const std::filesystem::path of_net = folder / net.folder.filename();
    for (const SamplerRecord& setting : SettingsOf(run.config.sampling, net.arm)) {
      const std::filesystem::path file = of_net / (setting.name + ".jsonl");
      if (std::filesystem::exists(file)) files.push_back(file);
    }
  }
  if (files.empty()) {
    throw Error(ErrorCode::kNotFound,
                run.path.string() + ": has no samples yet; see hlwq-study sample");
  }
  return files;
}

// The model that fluency is under: what was asked for, or what the corpus was sampled from.
std::filesystem::path JudgePath(const Arguments& arguments, const Corpus& corpus) {
  if (const auto path = arguments.Text("judge")) return *path;
  const auto source = corpus.facts().find("model");
  if (source != corpus.facts().end() && std::filesystem::exists(source->second))
    return source->second;
  return {};
}

bool HaveSameTokenizer(const std::filesystem::path& a, const std::filesystem::path& b) {
  if (!std::filesystem::exists(b / "tokenizer.json")) return false;
  return ReadSmallFile(a / "tokenizer.json", kMostTokenizerBytes) ==
         ReadSmallFile(b / "tokenizer.json", kMostTokenizerBytes);
}

// Half of the documents have so many words.
size_t MedianWords(const SampleSet& set) {
  std::vector<size_t> words;
  for (const Sample& sample : set.samples) words.push_back(SplitWords(sample.text).size());
  if (words.empty()) return 0;
  std::ranges::sort(words);
  return words[words.size() / 2];
}

void ShowSet(const MeasuredSet& set) {
  const Diversity& found = set.diversity;
  std::string text = fmt::format(
      "{:<18} {:<30} first {:5.1f} %  openings {:5.1f} %  D-1 {:5.2f}  D-4 {:5.1f}  Self-BLEU "
      "{:5.1f}  H {:.2f}",
      set.sampler.arm.empty() ? "data" : fmt::format("{}-{}", set.sampler.arm, set.sampler.seed),
      SettingLabel(set.sampler) + (set.counts_prompt ? ", prompted" : ""),
      100 * found.first_word_share, 100 * found.unique_openings, 100 * found.distinct[0],
      100 * found.distinct[3], 100 * found.self_bleu, found.token_entropy);
  if (set.copies) text += fmt::format("  copy {:.1f}", set.copies->mean_tokens);
  if (set.fluency)
    text += fmt::format("  NLL {:.3f} ± {:.3f}", set.fluency->nll, set.fluency->error);
  fmt::print("{}\n", text);
}

int RunDiversity(const Arguments& arguments) {
  const RunFolder run = OpenRun(arguments.operand(), std::nullopt, std::nullopt);
  const Corpus corpus = OpenCorpus(run);
  const int threads = static_cast<int>(arguments.Size("threads", 0));
  std::vector<std::span<const int32_t>> documents = corpus.Documents(Split::kTrain);
  if (corpus.document_tokens() == 0) {
    for (auto& document : documents) document = document.subspan(1);  // the start token
  }
  Measurements all;
  std::optional<Judge> judge;
  MeasureAgainst against = {.documents = documents};
  if (const std::filesystem::path path = JudgePath(arguments, corpus); !path.empty()) {
    judge.emplace(path, threads);
    against.judge = &*judge;
    if (HaveSameTokenizer(corpus.folder(), path)) against.judge_start = corpus.start();
    all.judge =
        path.filename().empty() ? path.parent_path().filename().string() : path.filename().string();
  }
  const std::vector<std::filesystem::path> files = SampleFiles(run);
  all.most_words = arguments.Size("words", MedianWords(ReadSamples(files[0])));
  ProgressLine line(arguments.Has("quiet"));
  for (const std::filesystem::path& file : files) {
    line.Show(file.string());
    const SampleSet set = ReadSamples(file);
    const MeasureOptions options = {.diversity = {.most_words = all.most_words, .threads = threads},
                                    .examples = arguments.Size("examples", 4)};
    const auto measure = [&](bool counts_prompt) {
      MeasureOptions with = options;
      with.counts_prompt = counts_prompt;
      all.sets.push_back(MeasureSet(set, against, with));
      line.Clear();
      ShowSet(all.sets.back());
    };
    measure(false);
    if (!set.sampler.prompt.empty()) measure(true);
  }
  WriteFileAtomically(run.path / "diversity.json", DumpJson(ToJson(all)));
  return 0;
}

}  // namespace

Verb DiversityVerb() {
  return {.name = "diversity",
          .operand = "RUN",
          .help = "how different the samples are, how fluent, and what they copy: diversity.json",
          .flags = {{"judge", "DIR",
                     "fluency under this model (the one that the corpus was sampled from)"},
                    {"words", "N",
                     "of each sample for Distinct-n and Self-BLEU, 0: all (the data's median)"},
                    {"examples", "N", "samples to keep for the report (4)"},
                    {"threads", "N", "(the cores of this process)"},
                    {"quiet", "", "no progress"}},
          .run = RunDiversity};
}

}  // namespace hlwq::study
