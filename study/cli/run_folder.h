// The folder of a study: config.json, and what was trained.
//
//   RUN/config.json                 the configuration, as it was begun
//   RUN/corpus.json                 {"path", "hash"} of its corpus
//   RUN/<arm>-<seed>/               of each net: log.jsonl, last.safetensors, best.safetensors, state.json, eval.json
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "study/config/config.h"
#include "study/corpus/corpus.h"

namespace hlwq::study {

struct RunFolder {
  std::filesystem::path path;
  StudyConfig config;
  std::filesystem::path corpus_path;
};

// One net of a study.
struct NetRun {
  ArmConfig arm;
  uint64_t seed = 0;
  std::filesystem::path folder;
};

// Begins a study, or goes on with one. Without `config` and `corpus` those it was begun with. Throws
// Error{kSourceChanged} where the folder was begun with others, naming the first key that differs, and
// Error{kInvalidArgument} where it is new and one is missing.
RunFolder OpenRun(const std::filesystem::path& path, const std::optional<StudyConfig>& config,
                  const std::optional<std::filesystem::path>& corpus);

// All nets, those of the first seed first: of a study that was stopped early every arm has the same seeds.
std::vector<NetRun> NetsOf(const RunFolder& run);

// The corpus, checked to be the one that the study was begun with.
Corpus OpenCorpus(const RunFolder& run);

}  // namespace hlwq::study
