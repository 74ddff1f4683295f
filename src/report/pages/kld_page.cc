#include "report/pages/kld_page.h"

#include <fmt/format.h>

#include <cmath>

#include "base/number_text.h"
#include "report/drawings/kld_drawings.h"
#include "report/estimate_text.h"
#include "report/markup.h"
#include "report/pages/page_frame.h"

namespace hlwq::report {
namespace {

std::string WithError(const Estimate& estimate, const char* unit = "") {
  const EstimateText text = FormatEstimate(estimate);
  return fmt::format("{} ± {}{}", text.value, text.token_error, unit);
}

Estimate Percent(const Estimate& share) { return share.Scaled(100 * share.value, 100); }

void WriteHeader(Markup& page, const KldPageInput& input) {
  const KldResult& result = input.result;
  page.Open("header");
  page.Leaf("p", {{"class", "kicker"}}, "Divergence of two models");
  page.Leaf("h1", {}, input.model + " against " + input.reference);
  page.Leaf("p", {{"class", "lede"}},
            fmt::format("On {} tokens of {} the predictions of {} diverge from those of {} by {} "
                        "nats on average; both find the same token likeliest for {} %.",
                        FormatCount(result.run.scored), input.text_name, input.model,
                        input.reference, FormatEstimate(result.mean).value,
                        FormatEstimate(Percent(result.same_top)).value));
  page.Open("dl", {{"class", "key"}});
  WriteKey(page, "KL divergence, mean", FormatEstimate(result.mean).value,
           fmt::format("± {} nats; median {}", FormatEstimate(result.mean).token_error,
                       FormatEstimate(result.median).value));
  WriteKey(page, "Perplexity ratio", FormatEstimate(result.perplexity_ratio).value,
           fmt::format("± {}; {} from {}", FormatEstimate(result.perplexity_ratio).token_error,
                       FormatEstimate(result.perplexity).value,
                       FormatEstimate(result.reference_perplexity).value));
  WriteKey(
      page, "Same likeliest token", FormatEstimate(Percent(result.same_top)).value + " %",
      fmt::format("of five, {} % are shared", FormatEstimate(Percent(result.shared_top)).value));
  WriteKey(page, "Probability of the text's token",
           FormatEstimate(Percent(result.probability_rms)).value + " %",
           fmt::format("root mean square difference; mean {} %",
                       WithError(Percent(result.probability_bias))));
  page.Close();
  // Without the time, which is no property of the models.
  page.Leaf(
      "p", {{"class", "note"}},
      DescribeScoring(result.run) + ". Errors are standard errors as if tokens were independent.");
  page.Close();
}

void WriteSmallFigures(Markup& page, const KldResult& result) {
  const std::string by_entropy = DrawKlByEntropy(result), along = DrawKlAlongText(result);
  if (by_entropy.empty() && along.empty()) return;
  page.Open("section").Leaf("h2", {}, "Where they differ");
  page.Open("div", {{"class", "figures"}});
  const auto write = [&](const char* title, const char* note, const std::string& drawing) {
    if (drawing.empty()) return;
    page.Open("figure").Leaf("h3", {}, title).Leaf("p", {{"class", "note"}}, note);
    page.Raw(drawing).Close();
  };
  write("By the reference's uncertainty",
        "Tokens in groups of like entropy. Where the reference is certain there is little to lose.",
        by_entropy);
  write("Along the text", "Means of consecutive tokens; dashed the mean of all.", along);
  page.Close().Close();
}

void WritePercentiles(Markup& page, const KldResult& result) {
  page.Open("section").Leaf("h2", {}, "In figures");
  page.Open("div", {{"class", "scroll"}}).Open("table").Open("tr");
  for (const char* title : {"", "value", "± by tokens", "± by blocks"}) {
    page.Leaf("th", {{"class", *title == 0 ? "" : "num"}}, title);
  }
  page.Close();
  const auto row = [&](const char* name, const Estimate& estimate) {
    const EstimateText text = FormatEstimate(estimate);
    page.Open("tr").Leaf("td", {}, name);
    for (const std::string& cell : {text.value, text.token_error, text.block_error}) {
      page.Leaf("td", {{"class", "num"}}, cell);
    }
    page.Close();
  };
  row("KL divergence in nats, mean", result.mean);
  row("median", result.median);
  row("90 %", result.p90);
  row("99 %", result.p99);
  row("99.9 %", result.p999);
  row("largest", {result.max, std::nan(""), std::nan("")});
  row("Same likeliest token, %", Percent(result.same_top));
  row("Shared of the five likeliest, %", Percent(result.shared_top));
  row("Probability of the token, mean difference in %", Percent(result.probability_bias));
  row("Probability of the token, RMS difference in %", Percent(result.probability_rms));
  row("Perplexity of the reference", result.reference_perplexity);
  row("Perplexity", result.perplexity);
  row("Ratio of the perplexities", result.perplexity_ratio);
  page.Close().Close().Close();
}

void WriteWorst(Markup& page, const std::vector<WorstToken>& worst) {
  if (worst.empty()) return;
  page.Open("section").Leaf("h2", {}, "The worst tokens");
  page.Open("div", {{"class", "scroll"}}).Open("table").Open("tr");
  for (const char* title :
       {"token", "text, and the token that follows", "likeliest: reference", "model"}) {
    page.Leaf("th", {}, title);
  }
  for (const char* title : {"p: reference", "model", "KL"}) {
    page.Leaf("th", {{"class", "num"}}, title);
  }
  page.Close();
  for (const WorstToken& token : worst) {
    page.Open("tr").Leaf("td", {}, FormatCount(token.index));
    page.Open("td", {{"class", "wrap"}}).Text(token.before).Leaf("b", {}, token.token).Close();
    for (const std::string& top : {token.reference_top, token.top}) {
      page.Open("td").Leaf("code", {}, top).Close();
    }
    for (const double p : {std::exp(-token.error.reference_nll), std::exp(-token.error.nll)}) {
      page.Leaf("td", {{"class", "num"}}, fmt::format("{:.2f} %", 100 * p));
    }
    page.Leaf("td", {{"class", "num"}}, fmt::format("{:.2f}", token.error.kl)).Close();
  }
  page.Close().Close().Close();
}

}  // namespace

std::string RenderKldPage(const KldPageInput& input) {
  Markup page;
  OpenPage(page, input.model + " · hlwq divergence");
  WriteHeader(page, input);
  WriteFigure(page, "How much tokens differ",
              "The divergence of each prediction, on a logarithmic axis; what lies below the axis "
              "is counted in its first bar.",
              DrawKlHistogram(input.result));
  WriteSmallFigures(page, input.result);
  WritePercentiles(page, input.result);
  WriteWorst(page, input.worst);
  ClosePage(page, input.tool_version);
  return std::move(page).Finish();
}

}  // namespace hlwq::report
