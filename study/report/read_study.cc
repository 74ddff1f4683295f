#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "study/report/study_report.h"

namespace hlwq::study {

StudyReport ReadStudy(const std::filesystem::path& folder) {
  StudyReport report = {.config = ReadConfig(folder / "config.json")};
  for (const ArmConfig& arm : report.config.arms) {
    for (const uint64_t seed : report.config.seeds) {
      LoggedRun log = ReadLoggedRun(folder / fmt::format("{}-{}", arm.name, seed) / "log.jsonl",
                                    arm.name, seed);
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
