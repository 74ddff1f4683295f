#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "study/report/averages.h"
#include "study/report/findings.h"
#include "study/report/study_report.h"

namespace hlwq::study {
namespace {

// "0.412", with half of the spread of the seeds where there are several: "0.412 ± 0.003".
std::string FormatSpread(const SeedSpread& spread, int decimals, double factor = 1) {
  if (spread.seeds == 0) return "–";
  std::string text = fmt::format("{:.{}f}", factor * spread.mean, decimals);
  if (spread.seeds > 1) {
    text += fmt::format(" ± {:.{}f}", factor * (spread.high - spread.low) / 2, decimals);
  }
  return text;
}

ReportTable MakeScores(const StudyReport& report) {
  ReportTable table = {.title = "Final evaluation",
                       .note = "Nats a token, each run by itself, with standard errors.",
                       .header = {"arm", "seed", "measure", "nats a token"}};
  for (const FinalScore& score : report.scores) {
    table.rows.push_back({score.arm, std::to_string(score.seed), score.measure,
                          score.error > 0 ? fmt::format("{:.4f} ± {:.4f}", score.value, score.error)
                                          : fmt::format("{:.4f}", score.value)});
  }
  return table;
}

ReportTable MakeMeasures(const StudyReport& report) {
  const Measurements& all = report.measurements;
  ReportTable table = {
      .title = "All settings",
      .note =
          "Means over the seeds, ± half of the distance from the lowest to the highest. Shares in "
          "%; entropies and NLL in "
          "nats a token; copies in tokens.",
      .header = {"arm", "setting", "samples", "first word", "openings", "D-1", "D-2", "D-3", "D-4",
                 "Self-BLEU-4", "H tokens", "H sample", "copy", "NLL"}};
  if (all.most_words > 0) {
    table.note += fmt::format(" Distinct-n and Self-BLEU see the first {} words of each sample.",
                              all.most_words);
  }
  if (!all.judge.empty()) table.note += " NLL is that under " + all.judge + ".";
  for (const SettingSets& setting : GroupBySetting(all)) {
    std::string label = SettingLabel(setting.sampler());
    if (!setting.sampler().prompt.empty()) {
      label += fmt::format(", after “{}”{}", setting.sampler().prompt,
                           setting.counts_prompt() ? ", counted" : "");
    }
    const auto diversity = [&](auto member, int decimals, double factor) {
      return FormatSpread(setting.Of([&](const MeasuredSet& set) {
        return std::optional<double>(set.diversity.*member);
      }),
                          decimals, factor);
    };
    std::vector<std::string> row = {setting.sampler().arm, label,
                                    std::to_string(setting.seeds[0]->diversity.samples),
                                    diversity(&Diversity::first_word_share, 1, 100),
                                    diversity(&Diversity::unique_openings, 1, 100)};
    for (size_t n = 0; n < 4; ++n) {
      row.push_back(FormatSpread(setting.Of([&](const MeasuredSet& set) {
        return std::optional(set.diversity.distinct[n]);
      }),
                                 1, 100));
    }
    row.push_back(diversity(&Diversity::self_bleu, 1, 100));
    row.push_back(diversity(&Diversity::token_entropy, 2, 1));
    row.push_back(diversity(&Diversity::sample_entropy, 2, 1));
    row.push_back(FormatSpread(setting.Of([](const MeasuredSet& set) -> std::optional<double> {
      if (!set.copies) return std::nullopt;
      return set.copies->mean_tokens;
    }),
                               1));
    row.push_back(FormatSpread(setting.Of(FluencyOf), 3));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

std::vector<ReportTable> MakeTables(const StudyReport& report) {
  std::vector<ReportTable> tables = {MakeFindings(report), MakeScores(report),
                                     MakeMeasures(report)};
  std::erase_if(tables, [](const ReportTable& table) { return table.rows.empty(); });
  return tables;
}

}  // namespace hlwq::study
