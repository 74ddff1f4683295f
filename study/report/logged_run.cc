#include "study/report/logged_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_reader.h"

namespace hlwq::study {
namespace {

constexpr uint64_t kMostLogBytes = uint64_t{1} << 30;
constexpr SizeRange kAnyStep = {0, uint64_t{1} << 53};
constexpr NumberRange kAnyValue = {-1e15, 1e15};

double LoggedNumber(const JsonReader& reader, std::string_view key) {
  const auto value = reader.OptionalNumber(key, kAnyValue);
  if (!value) reader.Fail(key, "want a number, got none");
  return *value;
}

template <typename Entry>
void DropFrom(std::vector<Entry>& entries, uint64_t step) {
  while (!entries.empty() && entries.back().step >= step) entries.pop_back();
}

void AddLine(const nlohmann::json& document, LoggedRun& log) {
  const JsonReader reader(document);
  const uint64_t step = reader.Size("step", kAnyStep);
  if (reader.Has("split")) {
    const LoggedEvaluation evaluation = {.step = step,
                                         .split = reader.String("split"),
                                         .nll = LoggedNumber(reader, "nll"),
                                         .error = LoggedNumber(reader, "se")};
    // Several splits share a step.
    while (!log.evaluations.empty() && (log.evaluations.back().step > step ||
                                        (log.evaluations.back().step == step &&
                                         log.evaluations.back().split == evaluation.split))) {
      log.evaluations.pop_back();
    }
    log.evaluations.push_back(evaluation);
    return;
  }
  if (!reader.Has("loss")) return;
  if (!log.steps.empty() && log.steps.back().step >= step) {
    DropFrom(log.steps, step);
    DropFrom(log.evaluations, step);
  }
  log.steps.push_back({.step = step,
                       .tokens = reader.Size("tokens", kAnyStep),
                       .loss = LoggedNumber(reader, "loss"),
                       .tokens_per_second = LoggedNumber(reader, "tokens_per_second")});
}

}  // namespace

LoggedRun ReadLoggedRun(const std::filesystem::path& path, std::string arm, uint64_t seed) {
  LoggedRun log = {.arm = std::move(arm), .seed = seed};
  if (!std::filesystem::exists(path)) return log;
  const std::string content = ReadSmallFile(path, kMostLogBytes);
  size_t line = 1;
  for (size_t begin = 0; begin < content.size(); ++line) {
    const size_t end = content.find('\n', begin);
    if (end == std::string::npos) break;
    WithContext(fmt::format("{}: line {}", path.string(), line), [&] {
      AddLine(ParseJson(std::string_view(content).substr(begin, end - begin)), log);
    });
    begin = end + 1;
  }
  return log;
}

std::vector<LoggedEvaluation> EvaluationsOf(const LoggedRun& log, std::string_view split) {
  std::vector<LoggedEvaluation> evaluations;
  for (const LoggedEvaluation& evaluation : log.evaluations) {
    if (evaluation.split == split) evaluations.push_back(evaluation);
  }
  return evaluations;
}

double MedianOf(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

double TokensPerSecond(const LoggedRun& log) {
  std::vector<double> speeds;
  for (const LoggedStep& step : log.steps) speeds.push_back(step.tokens_per_second);
  return MedianOf(std::move(speeds));
}

}  // namespace hlwq::study
