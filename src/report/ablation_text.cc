#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/number_text.h"
#include "base/text_table.h"
#include "report/ablation.h"
#include "report/ablation_words.h"
#include "report/estimate_text.h"
#include "report/json_number.h"

namespace hlwq::report {
namespace {

constexpr auto kRight = TextTable::Align::kRight;
constexpr std::string_view kKindNames[] = {"unrotated", "rotated", "ggml"};

std::string RenderRows(const Ablation& ablation, const TextLayout& layout) {
  TextTable table({{"method"},
                   {"bits/weight", kRight},
                   {"SNR, dB", kRight},
                   {"perplexity", kRight},
                   {"±", kRight},
                   {"KL, nats", kRight},
                   {"±", kRight},
                   {"same top, %", kRight}});
  const EstimateText float_text = FormatEstimate(ablation.reference_perplexity);
  table.AddRow(
      {"as it is", "", "exact", float_text.value, float_text.block_error, "0", "0", "100"});
  for (const AblationRow& row : ablation.rows) {
    const EstimateText perplexity = FormatEstimate(row.perplexity), kl = FormatEstimate(row.kl);
    table.AddRow({row.label, FormatBitsExactly(row.bits_per_weight), FormatSnr(row.errors.SnrDb()),
                  perplexity.value, perplexity.block_error, kl.value, kl.block_error,
                  fmt::format("{:.1f}", 100 * row.same_top.value)});
  }
  return table.Render(layout);
}

std::string RenderDifferences(const Ablation& ablation, const TextLayout& layout) {
  TextTable table({{"what gains"},
                   {"from"},
                   {"to"},
                   {"NLL, nats", kRight},
                   {"±", kRight},
                   {"z", kRight},
                   {""},
                   {"KL, nats", kRight},
                   {"±", kRight},
                   {"z", kRight},
                   {""}});
  for (const AblationDifference& difference : ablation.differences) {
    std::vector<std::string> cells = {difference.question, difference.first, difference.second};
    for (const Estimate* estimate : {&difference.nll, &difference.kl}) {
      const EstimateText text = FormatEstimate(*estimate);
      cells.insert(cells.end(), {text.value, text.block_error, FormatZ(*estimate),
                                 std::string(Verdict(*estimate))});
    }
    table.AddRow(std::move(cells));
  }
  return table.Render(layout);
}

nlohmann::json ErrorsToJson(const codec::ErrorStats& errors) {
  return {{"snr_db", JsonNumber(errors.SnrDb())},
          {"relative_mse", JsonNumber(errors.noise / errors.signal)}};
}

nlohmann::json RowToJson(const AblationRow& row) {
  nlohmann::json json = {{"name", row.name},
                         {"label", row.label},
                         {"kind", kKindNames[static_cast<size_t>(row.kind)]},
                         {"bits_per_weight", row.bits_per_weight},
                         {"kept_matrices", row.kept_matrices},
                         {"weights", ErrorsToJson(row.errors)},
                         {"nll", EstimateToJson(row.nll)},
                         {"perplexity", EstimateToJson(row.perplexity)},
                         {"nll_over_reference", EstimateToJson(row.nll_loss)},
                         {"kl", EstimateToJson(row.kl)},
                         {"same_top", EstimateToJson(row.same_top)}};
  if (!row.detail.empty()) json["detail"] = row.detail;
  return json;
}

nlohmann::json TestToJson(const Estimate& estimate) {
  nlohmann::json json = EstimateToJson(estimate);
  json["z"] = JsonNumber(ZScore(estimate));
  json["resolved"] = IsResolved(estimate);
  return json;
}

}  // namespace

std::string FormatBitsExactly(double bits) { return fmt::format("{:.3f}", bits); }

std::string FormatZ(const Estimate& difference) {
  const double z = ZScore(difference);
  if (!std::isfinite(z)) return "–";
  return fmt::format("{}{:.1f}", z < 0 ? "−" : "", std::abs(z));
}

std::string_view Verdict(const Estimate& difference) {
  return IsResolved(difference) ? "real" : "not resolved";
}

std::string FormatShare(const Estimate& share) {
  const EstimateText text = FormatEstimate(share.Scaled(100 * share.value, 100));
  return fmt::format("{} ± {} %", text.value, text.block_error);
}

std::vector<std::string> AblationNotes(const Ablation& ablation) {
  std::vector<std::string> notes;
  notes.push_back(fmt::format("{} matrices of {} weights are coded, everything else stays as it is",
                              FormatCount(ablation.matrices), FormatWeights(ablation.weights)));
  for (const AblationRow& row : ablation.rows) {
    if (!row.detail.empty()) notes.push_back(row.label + ": " + row.detail);
    if (row.kept_matrices > 0) {
      notes.push_back(fmt::format("{}: {} matrices stay as they are, rows not being whole groups",
                                  row.label, FormatCount(row.kept_matrices)));
    }
  }
  return notes;
}

nlohmann::json AblationToJson(const Ablation& ablation) {
  nlohmann::json json = TextRunToJson(ablation.run);
  json["bits"] = ablation.bits;
  json["matrices"] = ablation.matrices;
  json["weights"] = ablation.weights;
  json["reference"] = {{"nll", EstimateToJson(ablation.reference_nll)},
                       {"perplexity", EstimateToJson(ablation.reference_perplexity)}};
  json["methods"] = nlohmann::json::array();
  for (const AblationRow& row : ablation.rows) json["methods"].push_back(RowToJson(row));
  json["differences"] = nlohmann::json::array();
  for (const AblationDifference& difference : ablation.differences) {
    json["differences"].push_back({{"question", difference.question},
                                   {"from", difference.first},
                                   {"to", difference.second},
                                   {"nll", TestToJson(difference.nll)},
                                   {"kl", TestToJson(difference.kl)}});
  }
  json["shares"] = nlohmann::json::array();
  for (const AblationShareResult& share : ablation.shares) {
    json["shares"].push_back({{"through", share.through},
                              {"question", share.question},
                              {"nll", EstimateToJson(share.nll)},
                              {"kl", EstimateToJson(share.kl)},
                              {"noise", JsonNumber(share.noise)}});
  }
  return json;
}

std::string AblationToText(const Ablation& ablation, const TextLayout& layout) {
  std::string text = RenderRows(ablation, layout);
  if (!ablation.differences.empty()) text += "\n" + RenderDifferences(ablation, layout);
  if (!ablation.shares.empty()) text += "\n";
  for (const AblationShareResult& share : ablation.shares) {
    text += fmt::format("{}: KL {}, NLL {}, weight error {:.1f} %: {}\n", share.through,
                        FormatShare(share.kl), FormatShare(share.nll), 100 * share.noise,
                        share.question);
  }
  text += "\n";
  for (const std::string& note : AblationNotes(ablation)) text += note + "\n";
  return text + DescribeRun(ablation.run) +
         " of each; ± and z from blocks of tokens, differences paired\n";
}

}  // namespace hlwq::report
