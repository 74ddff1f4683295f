#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/json_reader.h"
#include "study/report/study_report.h"

namespace hlwq::study {
namespace {

// What the verb eval wrote of a net.
void AddScores(const std::filesystem::path& path, const LoggedRun& run, StudyReport& report) {
  if (!std::filesystem::exists(path)) return;
  const nlohmann::json document = ReadJsonFile(path);
  WithContext(path.string(), [&] {
    const JsonReader reader(document);
    for (const char* which : {"best", "last"}) {
      if (!reader.Has(which)) continue;
      const JsonReader checkpoint = reader.Child(which);
      for (const char* split : {"validation", "test"}) {
        if (!checkpoint.Has(split)) continue;
        const JsonReader found = checkpoint.Child(split);
        const auto add = [&](const char* value, const char* error, const std::string& measure) {
          const auto number = found.OptionalNumber(value, {-1e9, 1e9});
          if (!number) return;
          report.scores.push_back({run.arm, run.seed, measure, *number,
                                   found.OptionalNumber(error, {0, 1e9}).value_or(0)});
        };
        const bool is_exact = found.Flag("exact", true);
        add("nll", "se", fmt::format("{} {}, net {}", split, is_exact ? "NLL" : "NELBO", which));
        add("kl", "kl_se",
            fmt::format("{} KL from the source {}, net {}", split, is_exact ? "exact" : "at most",
                        which));
      }
    }
  });
}

}  // namespace

StudyReport ReadStudy(const std::filesystem::path& folder) {
  StudyReport report = {.config = ReadConfig(folder / "config.json")};
  for (const ArmConfig& arm : report.config.arms) {
    for (const uint64_t seed : report.config.seeds) {
      const auto run_folder = folder / fmt::format("{}-{}", arm.name, seed);
      LoggedRun log = ReadLoggedRun(run_folder / "log.jsonl", arm.name, seed);
      AddScores(run_folder / "eval.json", log, report);
      if (!log.steps.empty() || !log.evaluations.empty()) report.runs.push_back(std::move(log));
    }
  }
  const std::filesystem::path measured = folder / "diversity.json";
  if (std::filesystem::exists(measured)) {
    report.measurements = WithContext(
        measured.string(), [&] { return MeasurementsFromJson(ReadJsonFile(measured, 1u << 30)); });
  }
  return report;
}

}  // namespace hlwq::study
