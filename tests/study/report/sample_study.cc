#include "tests/study/report/sample_study.h"

#include <cmath>

#include "base/random.h"

namespace hlwq::study {
namespace {

LoggedRun MakeLog(const ArmConfig& arm, uint64_t seed) {
  LoggedRun log = {.arm = arm.name, .seed = seed};
  const bool turns = arm.name == "ar";
  const bool is_masked = arm.objective == ObjectiveKind::kMaskedDiffusion;
  const double floor = is_masked ? 1.65 : 1.4;
  for (uint64_t step = 20; step <= 2000; step += 20) {
    const auto at = static_cast<double>(step);
    const double noise = 0.04 * NearNormal(seed, step);
    log.steps.push_back({step, step * 4096,
                         floor + 4.8 * std::exp(-at / 150) + noise - (turns ? at / 9000 : 0),
                         (is_masked ? 9600.0 : 10000.0) + 100 * NearNormal(seed, step + 1)});
    if (step % 100 != 0) continue;
    const double rise = turns && step > 800 ? (at - 800) / 8000 : 0;
    log.evaluations.push_back({step, "validation",
                               floor + 4.8 * std::exp(-at / 150) + 0.05 * std::exp(-at / 700) +
                                   rise + 0.004 * NearNormal(seed + 9, step),
                               0.005});
  }
  return log;
}

MeasuredSet MakeMeasured(const ArmConfig& arm, uint64_t seed, const std::string& method,
                         double temperature, uint64_t steps) {
  MeasuredSet set;
  set.sampler = {
      .arm = arm.name, .seed = seed, .method = method, .temperature = temperature, .steps = steps};
  set.sampler.name = method + std::to_string(temperature) + std::to_string(steps);
  const double worse = steps > 0 ? 3.0 / static_cast<double>(steps) : 0;
  set.fluency =
      Fluency{1.1 + 0.6 * temperature + worse + 0.01 * NearNormal(seed, steps), 0.01, 9000};
  set.diversity = {.samples = 1000,
                   .words = 90000,
                   .tokens = 120000,
                   .first_word = "Once",
                   .first_word_share = 0.41,
                   .unique_openings = 0.6 + worse / 10,
                   .distinct = {0.02, 0.12 + 0.1 * temperature + worse / 20, 0.4, 0.7},
                   .self_bleu = 0.9 - 0.3 * temperature - worse / 10 + 0.004 * NearNormal(seed, 3),
                   .self_bleu_error = 0.003,
                   .token_entropy = 5.2,
                   .sample_entropy = 3.9 + 0.3 * temperature};
  set.copies = CopyStatistics{14.2 - 3 * temperature, 44, 17, 0.12, 0};
  set.examples = {"Once upon a time, there was a <cat> & a dog.\nThey played.",
                  "The end | is near."};
  return set;
}

}  // namespace

StudyReport MakeSampleStudy() {
  StudyReport report = {.config = Preset("laptop")};
  report.facts = {{"Corpus", "1,048,576 tokens sampled from stories260k"}, {"Machine", "2 cores"}};
  report.tool_version = "0.1.0";
  report.measurements.judge = "stories260k";
  report.measurements.most_words = 80;
  for (const ArmConfig& arm : report.config.arms) {
    for (const uint64_t seed : report.config.seeds) {
      report.runs.push_back(MakeLog(arm, seed));
      report.scores.push_back(
          {arm.name, seed, "test NLL", 1.4 + static_cast<double>(seed) / 100, 0.004});
      auto& sets = report.measurements.sets;
      if (arm.objective == ObjectiveKind::kMaskedDiffusion) {
        for (const uint64_t steps : {8, 32, 128})
          sets.push_back(MakeMeasured(arm, seed, "ancestral", 1, steps));
        sets.push_back(MakeMeasured(arm, seed, "confidence", 1, 32));
      } else {
        for (const double temperature : {0.6, 0.8, 1.0}) {
          sets.push_back(MakeMeasured(arm, seed, "next-token", temperature, 0));
        }
        sets.push_back(MakeMeasured(arm, seed, "next-token", 1, 0));
        sets.back().sampler.prompt = "Once";
        sets.back().sampler.name = "prompted";
        sets.back().counts_prompt = true;
        sets.back().diversity.first_word_share = 1;
      }
    }
  }
  report.measurements.sets.push_back(MakeMeasured({}, 0, "data", 1, 0));
  return report;
}

}  // namespace hlwq::study
