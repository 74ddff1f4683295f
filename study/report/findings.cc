#include "study/report/findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/number_text.h"
#include "study/report/averages.h"

namespace hlwq::study {
namespace {

bool IsMasked(const ArmConfig& arm) { return arm.objective == ObjectiveKind::kMaskedDiffusion; }

std::string Percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

// "3 of 3 seeds: best at step 800 to 900 of 2,000, 0.041 above it at the end".
std::string DescribeTurns(const std::vector<Turn>& turns, bool (Turn::*test)() const noexcept) {
  const auto hits = std::ranges::count_if(turns, [&](const Turn& turn) { return (turn.*test)(); });
  const auto [first, last] = std::ranges::minmax(turns, {}, &Turn::best_step);
  double rise = 0;
  for (const Turn& turn : turns) rise += turn.last_nll - turn.best_nll;
  const std::string steps =
      first.best_step == last.best_step
          ? FormatCount(first.best_step)
          : FormatCount(first.best_step) + " to " + FormatCount(last.best_step);
  return fmt::format("{} of {} seeds; best at step {} of {}, {:.3f} nats above it at the end", hits,
                     turns.size(), steps, FormatCount(turns[0].last_step),
                     rise / static_cast<double>(turns.size()));
}

double ThroughputOf(const StudyReport& report, std::string_view arm) {
  std::vector<double> speeds;
  for (const LoggedRun& run : report.runs) {
    if (run.arm == arm && !run.steps.empty()) speeds.push_back(TokensPerSecond(run));
  }
  return MedianOf(std::move(speeds));
}

class Findings {
 public:
  explicit Findings(const StudyReport& report)
      : report_(report), settings_(GroupBySetting(report.measurements)) {}

  ReportTable Make() {
    table_ = {.title = "The paper's findings",
              .note =
                  "Left what was published, at 50 M tokens, 20,000 steps and one seed; right what "
                  "is seen "
                  "here.",
              .is_text = true,
              .header = {"finding", "arm", "paper", "here"}};
    AddThroughput();
    for (const ArmConfig& arm : report_.config.arms) AddTurn(arm);
    AddSamples("Samples that begin with the same word",
               {"99.8 % (prompted with that word)", "not told"}, [](const MeasuredSet& set) {
                 return std::pair(set.diversity.first_word_share,
                                  "“" + set.diversity.first_word + "”");
               });
    AddSamples("Different openings of five words", {"lower", "93.4 %"}, [](const MeasuredSet& set) {
      return std::pair(set.diversity.unique_openings, std::string());
    });
    AddSamples("Self-BLEU-4", {"higher", "lower"}, [](const MeasuredSet& set) {
      return std::pair(set.diversity.self_bleu, std::string());
    });
    return std::move(table_);
  }

 private:
  const StudyReport& report_;
  std::vector<SettingSets> settings_;
  ReportTable table_;

  void AddThroughput() {
    const ArmConfig* reference = nullptr;
    for (const ArmConfig& arm : report_.config.arms) {
      if (reference == nullptr && !IsMasked(arm)) reference = &arm;
    }
    for (const ArmConfig& arm : report_.config.arms) {
      const double here = ThroughputOf(report_, arm.name);
      if (here <= 0) continue;
      std::string text = FormatCount(static_cast<uint64_t>(here)) + " tokens/s";
      if (reference != nullptr && &arm != reference) {
        const double base = ThroughputOf(report_, reference->name);
        if (base > 0)
          text += fmt::format(", {:+.1f} % of {}", 100 * (here / base - 1), reference->name);
      }
      table_.rows.push_back(
          {"Throughput", arm.name,
           IsMasked(arm) ? "about 50,000 tokens/s, −4.7 %" : "about 50,000 tokens/s", text});
    }
  }

  void AddTurn(const ArmConfig& arm) {
    const std::vector<Turn> turns = TurnsOf(report_, arm.name);
    if (turns.empty()) return;
    if (IsMasked(arm)) {
      table_.rows.push_back({"Still improves at the end", arm.name, "yes, at step 20,000",
                             DescribeTurns(turns, &Turn::IsFalling)});
    } else {
      table_.rows.push_back({"Validation loss turns", arm.name, "from step 14,000 of 20,000",
                             DescribeTurns(turns, &Turn::HasTurned)});
    }
  }

  // `measure` gives a share and a word beside it; of prompted sets as the paper has it, and of the main ones.
  template <typename Measure>
  void AddSamples(const char* title, std::pair<const char*, const char*> paper, Measure measure) {
    const auto add = [&](const SettingSets& setting, const std::string& how,
                         const char* published) {
      const auto value =
          setting.Of([&](const MeasuredSet& set) { return std::optional(measure(set).first); });
      std::string text = Percent(value.mean);
      if (value.seeds > 1)
        text += fmt::format(" ({} to {})", Percent(value.low), Percent(value.high));
      const std::string word = measure(*setting.seeds[0]).second;
      table_.rows.push_back({title, setting.sampler().arm, published,
                             text + (word.empty() ? "" : " " + word) + ", " + how});
    };
    for (const ArmConfig& arm : report_.config.arms) {
      const char* published = IsMasked(arm) ? paper.second : paper.first;
      for (const SettingSets& setting : settings_) {
        if (setting.sampler().arm != arm.name || !setting.counts_prompt()) continue;
        add(setting,
            fmt::format("prompt “{}” counted, {}", setting.sampler().prompt,
                        SettingLabel(setting.sampler())),
            published);
      }
      if (const SettingSets* main = MainSetting(settings_, arm.name)) {
        add(*main, "no prompt, " + SettingLabel(main->sampler()), published);
      }
    }
    for (const SettingSets& setting : settings_) {
      if (setting.sampler().method == "data") add(setting, "the test split", "");
    }
  }
};

}  // namespace

bool Turn::HasTurned() const noexcept {
  return static_cast<double>(best_step) < 0.9 * static_cast<double>(last_step) &&
         last_nll > best_nll + 2 * last_error;
}

bool Turn::IsFalling() const noexcept {
  return static_cast<double>(best_step) >= 0.9 * static_cast<double>(last_step);
}

std::vector<Turn> TurnsOf(const StudyReport& report, std::string_view arm) {
  std::vector<Turn> turns;
  for (const LoggedRun& run : report.runs) {
    if (run.arm != arm) continue;
    const std::vector<LoggedEvaluation> evaluations = EvaluationsOf(run, "validation");
    if (evaluations.size() < 2) continue;
    const LoggedEvaluation& best =
        *std::ranges::min_element(evaluations, {}, &LoggedEvaluation::nll);
    const LoggedEvaluation& last = evaluations.back();
    turns.push_back({best.step, last.step, best.nll, last.nll, last.error});
  }
  return turns;
}

ReportTable MakeFindings(const StudyReport& report) { return Findings(report).Make(); }

}  // namespace hlwq::study
