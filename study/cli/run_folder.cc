#include "study/cli/run_folder.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_reader.h"

namespace hlwq::study {
namespace {

[[noreturn]] void Refuse(const std::filesystem::path& path, const std::string& complaint) {
  throw Error(ErrorCode::kSourceChanged,
              fmt::format("{}: {}; go on as it was begun, or begin in another folder",
                          path.string(), complaint));
}

void Begin(const RunFolder& run) {
  const Corpus corpus(run.corpus_path);
  std::filesystem::create_directories(run.path);
  const nlohmann::json reference = {{"path", std::filesystem::absolute(run.corpus_path).string()},
                                    {"hash", corpus.hash()}};
  WriteFileAtomically(run.path / "corpus.json", DumpJson(reference));
  WriteFileAtomically(run.path / "config.json", DumpJson(ToJson(run.config)));
}

}  // namespace

RunFolder OpenRun(const std::filesystem::path& path, const std::optional<StudyConfig>& config,
                  const std::optional<std::filesystem::path>& corpus) {
  RunFolder run = {.path = path};
  if (!std::filesystem::exists(path / "config.json")) {
    if (!config || !corpus) {
      throw Error(
          ErrorCode::kInvalidArgument,
          fmt::format("{}: no study was begun there: want --corpus, and --preset or --config",
                      path.string()));
    }
    run.config = *config;
    run.corpus_path = *corpus;
    Begin(run);
    return run;
  }
  run.config = ReadConfig(path / "config.json");
  if (config) {
    const std::string difference = FirstDifference(ToJson(run.config), ToJson(*config));
    if (!difference.empty()) Refuse(path, "it was begun with another configuration: " + difference);
  }
  const nlohmann::json reference = ReadJsonFile(path / "corpus.json");
  run.corpus_path = WithContext((path / "corpus.json").string(),
                                [&] { return JsonReader(reference).String("path"); });
  if (corpus) run.corpus_path = *corpus;
  return run;
}

std::vector<NetRun> NetsOf(const RunFolder& run) {
  std::vector<NetRun> nets;
  for (const uint64_t seed : run.config.seeds) {
    for (const ArmConfig& arm : run.config.arms) {
      nets.push_back({arm, seed, run.path / fmt::format("{}-{}", arm.name, seed)});
    }
  }
  return nets;
}

Corpus OpenCorpus(const RunFolder& run) {
  Corpus corpus(run.corpus_path);
  const nlohmann::json reference = ReadJsonFile(run.path / "corpus.json");
  const std::string hash = WithContext((run.path / "corpus.json").string(),
                                       [&] { return JsonReader(reference).String("hash"); });
  if (hash != corpus.hash()) {
    Refuse(run.path, fmt::format("it was begun with another corpus: want hash {}, got {} of {}",
                                 hash, corpus.hash(), run.corpus_path.string()));
  }
  return corpus;
}

}  // namespace hlwq::study
