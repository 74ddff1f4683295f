#include "report/estimate_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/number_text.h"
#include "base/text_table.h"

namespace hlwq::report {
namespace {

constexpr auto kRight = TextTable::Align::kRight;

std::string Fixed(double number, int decimals) {
  if (!std::isfinite(number)) return "–";
  std::string text = fmt::format("{:.{}f}", number, decimals);
  if (text.starts_with('-')) text.replace(0, 1, "−");
  return text;
}

}  // namespace

EstimateText FormatEstimate(const Estimate& estimate) {
  if (!std::isfinite(estimate.token_error) || estimate.token_error <= 0) {
    const bool is_zero = estimate.token_error == 0;
    return {std::isfinite(estimate.value) ? fmt::format("{:.5g}", estimate.value) : "–",
            is_zero ? "0" : "–", is_zero ? "0" : "–"};
  }
  const int digits = 1 - static_cast<int>(std::floor(std::log10(estimate.token_error)));
  const int decimals = std::clamp(digits, 0, 12);
  return {Fixed(estimate.value, decimals), Fixed(estimate.token_error, decimals),
          Fixed(estimate.block_error, decimals)};
}

std::string RenderEstimates(const std::vector<NamedEstimate>& figures, const TextLayout& layout) {
  TextTable table({{""}, {"value", kRight}, {"± by tokens", kRight}, {"± by blocks", kRight}});
  for (const NamedEstimate& figure : figures) {
    const EstimateText text = FormatEstimate(figure.estimate);
    table.AddRow({figure.name, text.value, text.token_error, text.block_error});
  }
  return table.Render(layout);
}

}  // namespace hlwq::report
