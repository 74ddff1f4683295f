#include <fmt/format.h>

#include "study/report/averages.h"
#include "study/report/draw_curves.h"
#include "study/report/draw_frontier.h"
#include "study/report/draw_throughput.h"
#include "study/report/study_report.h"

namespace hlwq::study {
namespace {

constexpr size_t kCurveParts = 150;

template <typename MakeCurve>
std::vector<ArmCurves> CurvesOfArms(const StudyReport& report, MakeCurve make_curve) {
  std::vector<ArmCurves> arms;
  for (size_t arm = 0; arm < report.config.arms.size(); ++arm) {
    ArmCurves curves = {.name = report.config.arms[arm].name, .arm = arm};
    for (const LoggedRun& run : report.runs) {
      if (run.arm != curves.name) continue;
      Curve curve = make_curve(run);
      if (!curve.empty()) curves.seeds.push_back(std::move(curve));
    }
    if (!curves.seeds.empty()) arms.push_back(std::move(curves));
  }
  return arms;
}

Curve ValidationCurve(const LoggedRun& run) {
  Curve curve;
  for (const LoggedEvaluation& evaluation : EvaluationsOf(run, "validation")) {
    curve.push_back({static_cast<double>(evaluation.step), evaluation.nll});
  }
  return curve;
}

Curve TrainingCurve(const LoggedRun& run) {
  Curve curve;
  for (const LoggedStep& step : run.steps) {
    curve.push_back({static_cast<double>(step.step), step.loss});
  }
  return Smooth(curve, kCurveParts);
}

void AddFrontiers(const StudyReport& report, std::vector<NamedDrawing>& drawings) {
  const std::vector<SettingSets> settings = GroupBySetting(report.measurements);
  std::vector<std::string> arms;
  for (const ArmConfig& arm : report.config.arms) arms.push_back(arm.name);
  const auto add = [&](const char* file, const char* title, const char* note,
                       const SettingSets::Measure& measure) {
    const std::string caption = fmt::format("NLL under the judge, nats a token →   ↑ {}", title);
    drawings.push_back({file, title, note, true,
                        DrawFrontier(MakeFrontier(settings, arms, measure), title, caption)});
  };
  add("frontier-self-bleu.svg", "Self-BLEU-4", "Lower: samples differ more from each other.",
      [](const MeasuredSet& set) { return std::optional(set.diversity.self_bleu); });
  add("frontier-distinct-2.svg", "Distinct-2", "Higher: fewer pairs of words come again.",
      [](const MeasuredSet& set) { return std::optional(set.diversity.distinct[1]); });
  add("frontier-entropy.svg", "Entropy of a sample's tokens, nats",
      "Low where a sample repeats itself.",
      [](const MeasuredSet& set) { return std::optional(set.diversity.sample_entropy); });
  add("frontier-copies.svg", "Longest copy of training text, tokens", "Mean over samples.",
      [](const MeasuredSet& set) -> std::optional<double> {
        if (!set.copies) return std::nullopt;
        return set.copies->mean_tokens;
      });
}

}  // namespace

std::vector<NamedDrawing> MakeDrawings(const StudyReport& report) {
  std::vector<NamedDrawing> drawings;
  drawings.push_back(
      {"loss-validation.svg", "Loss on validation text",
       "Nats a token: of autoregressive arms the exact negative log-likelihood, of masked "
       "diffusion an upper "
       "bound of it (NELBO). Thick the mean of the seeds, the band from the lowest to the highest.",
       false,
       DrawCurves({"Validation loss of all arms and seeds",
                   "step →   ↑ negative log-likelihood, nats a token",
                   CurvesOfArms(report, ValidationCurve)})});
  drawings.push_back(
      {"loss-training.svg", "Loss in training",
       "What the optimizer sees, averaged over neighbouring steps. Arms with an unweighted masked "
       "loss "
       "stand on another scale than the others.",
       false,
       DrawCurves({"Training loss of all arms and seeds", "step →   ↑ training loss, nats a token",
                   CurvesOfArms(report, TrainingCurve)})});
  std::vector<ArmThroughput> throughput;
  for (size_t arm = 0; arm < report.config.arms.size(); ++arm) {
    ArmThroughput of_arm = {.name = report.config.arms[arm].name, .arm = arm};
    for (const LoggedRun& run : report.runs) {
      if (run.arm == of_arm.name && !run.steps.empty()) {
        of_arm.tokens_per_second.push_back(TokensPerSecond(run));
      }
    }
    if (!of_arm.tokens_per_second.empty()) throughput.push_back(std::move(of_arm));
  }
  drawings.push_back({"throughput.svg", "Throughput",
                      "The median of each run is a dot, that of the dots the bar.", false,
                      DrawThroughput(throughput)});
  AddFrontiers(report, drawings);
  std::erase_if(drawings, [](const NamedDrawing& drawing) { return drawing.svg.empty(); });
  return drawings;
}

}  // namespace hlwq::study
