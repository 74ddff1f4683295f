#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "study/cli/config_flags.h"
#include "study/cli/verbs.h"

namespace hlwq::study {
namespace {

// A command line in the making.
class Words {
 public:
  // The flags of the verb that were given to this one too.
  Words(const Verb& verb, const Arguments& given) {
    for (const Flag& flag : verb.flags) {
      if (given.Has(flag.name)) Add(flag.name, flag.value.empty() ? "" : *given.Text(flag.name));
    }
  }

  void Add(std::string_view flag, const std::string& value) {
    words_.push_back(fmt::format("--{}", flag));
    if (!value.empty()) words_.back() += "=" + value;
  }
  // Unless it was given.
  void AddDefault(const Arguments& given, std::string_view flag, const std::string& value) {
    if (!given.Has(flag)) Add(flag, value);
  }
  const std::vector<std::string>& words() const noexcept { return words_; }

 private:
  std::vector<std::string> words_;
};

int RunStep(const Verb& verb, const std::filesystem::path& operand, const Words& words) {
  std::vector<std::string_view> all = {operand.native()};
  all.insert(all.end(), words.words().begin(), words.words().end());
  return verb.run(Arguments(verb, all));
}

bool MakesCorpus(const Arguments& arguments) {
  return arguments.Has("from-model") || arguments.Has("text");
}

// The corpus of the study in its folder: made, or there since an earlier call that asked for the same.
std::filesystem::path CorpusOf(const Arguments& arguments, const StudyConfig& config) {
  const std::filesystem::path folder = arguments.operand() / "corpus",
                              asked = arguments.operand() / "prepare.json";
  const Verb prepare = PrepareVerb();
  Words words(prepare, arguments);
  if (config.corpus.tokens != 0) {
    words.AddDefault(arguments, "tokens", fmt::format("{}", config.corpus.tokens));
  }
  words.AddDefault(arguments, "validation", fmt::format("{}", config.corpus.validation));
  words.AddDefault(arguments, "test", fmt::format("{}", config.corpus.test));
  if (arguments.Has("from-model")) {
    words.AddDefault(arguments, "window", fmt::format("{}", config.model.window));
  }
  std::vector<std::string> lasting = words.words();  // what the corpus depends on
  std::erase_if(lasting, [](const std::string& word) {
    return word == "--quiet" || word.starts_with("--threads");
  });
  if (std::filesystem::exists(asked)) {
    const nlohmann::json before = ReadJsonFile(asked);
    if (MakesCorpus(arguments) && before != nlohmann::json(lasting)) {
      throw Error(
          ErrorCode::kSourceChanged,
          fmt::format("{}: its corpus was made with {}, not with {}; begin in another folder",
                      arguments.operand().string(), before.dump(), nlohmann::json(lasting).dump()));
    }
    return folder;
  }
  if (!MakesCorpus(arguments)) {
    throw Error(ErrorCode::kInvalidArgument, "want one of --corpus, --from-model and --text");
  }
  std::filesystem::create_directories(folder);
  RunStep(prepare, folder, words);
  WriteFileAtomically(asked, DumpJson(lasting));
  return folder;
}

int RunAll(const Arguments& arguments) {
  const std::filesystem::path& run = arguments.operand();
  const bool has_begun = std::filesystem::exists(run / "config.json");
  const auto config = ConfigOf(arguments);
  if (!has_begun && !config) {
    throw Error(ErrorCode::kInvalidArgument, "want --preset or --config");
  }
  if (arguments.Has("corpus") && MakesCorpus(arguments)) {
    throw Error(ErrorCode::kInvalidArgument, "want one of --corpus, --from-model and --text");
  }
  Words train(TrainVerb(), arguments);
  if (!arguments.Has("corpus") && (!has_begun || MakesCorpus(arguments))) {
    const StudyConfig settings = config ? *config : ReadConfig(run / "config.json");
    train.Add("corpus", CorpusOf(arguments, settings).string());
  }
  if (const int code = RunStep(TrainVerb(), run, train); code != 0) return code;
  for (const Verb& verb : {EvalVerb(), SampleVerb(), DiversityVerb(), ReportVerb()}) {
    if (const int code = RunStep(verb, run, Words(verb, arguments)); code != 0) return code;
  }
  return 0;
}

// Flags of a study's verbs; those of `prepare` and `sample` that mean something else in each are left to the verbs.
std::vector<Flag> AllFlags() {
  std::vector<Flag> flags = {kPresetFlag, kConfigFlag};
  for (const Verb& verb : {PrepareVerb(), TrainVerb(), EvalVerb(), SampleVerb(), DiversityVerb()}) {
    for (const Flag& flag : verb.flags) {
      if (flag.name != "seed" && std::ranges::find(flags, flag.name, &Flag::name) == flags.end()) {
        flags.push_back(flag);
      }
    }
  }
  return flags;
}

}  // namespace

Verb RunVerb() {
  return {.name = "run",
          .operand = "RUN",
          .help = "all of it, from prepare to report, or goes on where it was stopped",
          .flags = AllFlags(),
          .run = RunAll};
}

}  // namespace hlwq::study
