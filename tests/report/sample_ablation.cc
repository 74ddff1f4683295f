#include "tests/report/sample_ablation.h"

#include <cmath>

namespace hlwq::test {
namespace {

using report::Estimate;
using report::MethodKind;

report::AblationRow Row(std::string name, MethodKind kind, double bits, double snr_db, double kl) {
  report::AblationRow row = {.name = name, .label = name, .kind = kind};
  row.errors.count = 1'000'000;
  row.errors.signal = 1;
  row.errors.noise = std::pow(10, -snr_db / 10);
  row.bits_per_weight = bits;
  row.kl = {kl, kl / 60, kl / 40};
  row.nll = {2.87 + kl, 0.01, 0.03};
  row.perplexity = report::ExpOf(row.nll);
  row.nll_loss = {kl, kl / 20, kl / 15};
  row.same_top = {1 - std::sqrt(kl) / 2, 0.002, 0.003};
  return row;
}

}  // namespace

report::Ablation SampleAblation() {
  report::Ablation ablation;
  ablation.matrices = 210;
  ablation.weights = 106'168'320;
  ablation.run = {.window = 2048,
                  .stride = 2048,
                  .tokens = 20'000,
                  .windows = 10,
                  .scored = 19'990,
                  .fed = 19'990,
                  .seconds = 600};
  ablation.reference_nll = {2.87, 0.01, 0.03};
  ablation.reference_perplexity = report::ExpOf(ablation.reference_nll);
  ablation.rows = {Row("absmax <groups>", MethodKind::kUnrotated, 5.552, 24.9, 0.19),
                   Row("rotation + absmax", MethodKind::kRotated, 5.552, 25.5, 0.17),
                   Row("HLWQ-5, published", MethodKind::kRotated, 5.552, 25.4, 0.168),
                   Row("HLWQ-5, scale search", MethodKind::kRotated, 5.552, 27.3, 0.09),
                   Row("INT4 absmax", MethodKind::kUnrotated, 4.219, 19.2, 0.75),
                   Row("Q8_0", MethodKind::kGgml, 8.5, 45.1, 0.002)};
  ablation.rows[4].detail = "groups of 64";
  ablation.rows[5].kept_matrices = 2;
  ablation.differences = {{"HLWQ-5, published", "HLWQ-5, scale search", "the scale search",
                           Estimate{0.03, 0.01, 0.02}, Estimate{0.078, 0.002, 0.003}}};
  ablation.shares = {{"rotation + absmax", "of the way, the rotation alone makes",
                      Estimate{0.6, 0.2, 0.3}, Estimate{0.91, 0.05, 0.06}, 0.97}};
  return ablation;
}

std::string SampleAblationPage() {
  return report::RenderAblationPage({.model = "model <small>",
                                     .text_name = "wiki & more",
                                     .tool_version = "0.0.0",
                                     .ablation = SampleAblation()});
}

}  // namespace hlwq::test
