#include "report/text_run.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/number_text.h"

namespace hlwq::report {

nlohmann::json TextRunToJson(const TextRun& run) {
  return {{"window", run.window},        {"stride", run.stride},
          {"tokens", run.tokens},        {"windows", run.windows},
          {"scored_tokens", run.scored}, {"fed_tokens", run.fed},
          {"seconds", run.seconds},      {"tokens_per_second", run.TokensPerSecond()}};
}

std::string DescribeScoring(const TextRun& run) {
  return fmt::format("{} of {} tokens scored in {} window{} of {}, stride {}",
                     FormatCount(run.scored), FormatCount(run.tokens), FormatCount(run.windows),
                     run.windows == 1 ? "" : "s", FormatCount(run.window), FormatCount(run.stride));
}

std::string DescribeRun(const TextRun& run) {
  return fmt::format("{}; {}, {:.0f} tokens/s", DescribeScoring(run), FormatDuration(run.seconds),
                     run.TokensPerSecond());
}

}  // namespace hlwq::report
