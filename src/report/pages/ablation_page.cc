#include "report/pages/ablation_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/number_text.h"
#include "report/ablation_words.h"
#include "report/drawings/draw_ablation.h"
#include "report/estimate_text.h"
#include "report/markup.h"
#include "report/pages/page_frame.h"

namespace hlwq::report {
namespace {

struct Heading {
  const char* title;
  bool is_number = true;
};

void OpenTable(Markup& page, const std::vector<Heading>& headings) {
  page.Open("div", {{"class", "scroll"}}).Open("table").Open("tr");
  for (const Heading& heading : headings) {
    page.Leaf("th", {{"class", heading.is_number ? "num" : ""}}, heading.title);
  }
  page.Close();
}
void CloseTable(Markup& page) { page.Close().Close(); }

void Number(Markup& page, const std::string& text) { page.Leaf("td", {{"class", "num"}}, text); }

std::string WithError(const Estimate& estimate) {
  const EstimateText text = FormatEstimate(estimate);
  return fmt::format("{} ± {}", text.value, text.block_error);
}

void WriteHeader(Markup& page, const AblationPageInput& input) {
  const Ablation& ablation = input.ablation;
  page.Open("header").Leaf("p", {{"class", "kicker"}}, "Ablation");
  page.Leaf("h1", {}, "Ways to code " + input.model);
  page.Leaf("p", {{"class", "lede"}},
            fmt::format(
                "{} ways of coding {} weights in {} matrices, compared with the model itself "
                "on the same {} tokens of {}.",
                ablation.rows.size(), FormatWeights(ablation.weights),
                FormatCount(ablation.matrices), FormatCount(ablation.run.scored), input.text_name));
  page.Open("dl", {{"class", "key"}});
  WriteKey(page, "Perplexity of the model itself", WithError(ablation.reference_perplexity),
           "standard error from blocks of tokens");
  for (const AblationShareResult& share : ablation.shares) {
    WriteKey(page, share.through, FormatShare(share.kl),
             fmt::format("{}: in KL divergence; {} in NLL, {:.1f} % in weight error",
                         share.question, FormatShare(share.nll), 100 * share.noise));
  }
  page.Close();
  page.Leaf("p", {{"class", "note"}}, DescribeScoring(ablation.run) + ".");
  page.Close();
}

void WriteMethods(Markup& page, const Ablation& ablation) {
  page.Open("section").Leaf("h2", {}, "The methods");
  page.Leaf("p", {{"class", "note"}},
            "Errors are standard errors from blocks of tokens. NLL: what a token costs more than "
            "with the model itself, in nats, paired.");
  OpenTable(page, {{"method", false},
                   {"bits/weight"},
                   {"SNR, dB"},
                   {"perplexity"},
                   {"NLL"},
                   {"KL divergence, nats"},
                   {"same likeliest token"}});
  for (const AblationRow& row : ablation.rows) {
    page.Open("tr").Leaf("td", {}, row.label);
    for (const std::string& cell :
         {FormatBitsExactly(row.bits_per_weight), FormatSnr(row.errors.SnrDb()),
          WithError(row.perplexity), WithError(row.nll_loss), WithError(row.kl),
          FormatPercent(row.same_top.value)}) {
      Number(page, cell);
    }
    page.Close();
  }
  CloseTable(page);
  page.Close();
}

void WriteDifferences(Markup& page, const Ablation& ablation) {
  if (ablation.differences.empty()) return;
  page.Open("section").Leaf("h2", {}, "What each step gains");
  page.Leaf(
      "p", {{"class", "note"}},
      "Differences on the same tokens, in nats, from the first method to the second; positive "
      "where the second is better. z: in standard errors from blocks of tokens. Real: more "
      "than two of them.");
  OpenTable(page, {{"step", false},
                   {"from", false},
                   {"to", false},
                   {"NLL"},
                   {"z"},
                   {"", false},
                   {"KL divergence"},
                   {"z"},
                   {"", false}});
  for (const AblationDifference& difference : ablation.differences) {
    page.Open("tr").Leaf("td", {{"class", "wrap"}}, difference.question);
    page.Leaf("td", {}, difference.first).Leaf("td", {}, difference.second);
    for (const Estimate* estimate : {&difference.nll, &difference.kl}) {
      Number(page, WithError(*estimate));
      Number(page, FormatZ(*estimate));
      page.Leaf("td", {}, Verdict(*estimate));
    }
    page.Close();
  }
  CloseTable(page);
  page.Close();
}

void WriteLegend(Markup& page) {
  page.Open("ul", {{"class", "chips"}});
  const auto chip = [&](const char* style, const char* meaning) {
    page.Open("li").Leaf("span", {{"class", std::string("swatch ") + style}}, "").Text(meaning);
    page.Close();
  };
  chip("quantized", "rotated");
  chip("plain", "not rotated");
  chip("carried", "formats of ggml");
  page.Close();
}

}  // namespace

std::string RenderAblationPage(const AblationPageInput& input) {
  Markup page;
  OpenPage(page, input.model + " · hlwq ablation");
  WriteHeader(page, input);
  WriteFigure(page, "Quality against size",
              "Lower and further left is better. The vertical axis is logarithmic.",
              DrawAblation(input.ablation));
  WriteLegend(page);
  WriteMethods(page, input.ablation);
  WriteDifferences(page, input.ablation);
  page.Open("ul", {{"class", "notes"}});
  for (const std::string& note : AblationNotes(input.ablation)) page.Leaf("li", {}, note);
  page.Close();
  ClosePage(page, input.tool_version);
  return std::move(page).Finish();
}

}  // namespace hlwq::report
