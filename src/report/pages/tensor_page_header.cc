#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "base/number_text.h"
#include "report/pages/tensor_page_sections.h"

namespace hlwq::report {
namespace {

struct KeyFigure {
  std::string label;
  std::string value;
  std::string detail;
};

std::string WithUnit(double snr) {
  return std::isfinite(snr) ? FormatSnr(snr) + " dB" : FormatSnr(snr);
}

double Ratio(uint64_t numerator, uint64_t denominator) {
  return denominator == 0 ? NAN : static_cast<double>(numerator) / static_cast<double>(denominator);
}

// "5", "3, 4 and 5"
std::string BitsList(const std::map<int, codec::ErrorStats>& by_bits) {
  std::string out;
  size_t index = 0;
  for (const auto& [bits, stats] : by_bits) {
    const bool is_last = index + 1 == by_bits.size();
    if (index > 0) out += is_last ? " and " : ", ";
    out += fmt::format("{}", bits);
    ++index;
  }
  return out;
}

std::string QuantizationLede(const TensorPageContext& context) {
  const SizeRow& size = context.data.size_total;
  if (size.quantized_tensors == 0) {
    return fmt::format("None of the {} tensors were quantized; all are carried over as they were.",
                       FormatCount(size.tensors()));
  }
  const std::string bits = BitsList(context.data.by_bits);
  std::string lede = fmt::format(
      "{} of {} tensors, holding {} of all weights, are now stored {}; the others are carried over "
      "unchanged.",
      FormatCount(size.quantized_tensors), FormatCount(size.tensors()),
      FormatPercent(Ratio(size.quantized_weights, size.weights())),
      bits.empty() ? "in fewer bits" : fmt::format("in codes of {} bits", bits));
  if (size.carried_tensors == 0) {
    lede = fmt::format("All {} tensors are now stored {}.", FormatCount(size.tensors()),
                       bits.empty() ? "in fewer bits" : fmt::format("in codes of {} bits", bits));
  }
  if (context.bytes_after > 0 && context.bytes_before > context.bytes_after) {
    lede += fmt::format(" The checkpoint is {:.2f} times smaller.",
                        Ratio(context.bytes_before, context.bytes_after));
  }
  return lede;
}

std::string ComparisonLede(const TensorSummary& data) {
  const uint64_t compared = data.rated.size();
  if (compared == 0) return "No tensor could be compared.";
  if (data.exact_tensors + data.zero_tensors == compared) {
    return fmt::format("All {} compared tensors are equal, value for value.",
                       FormatCount(compared));
  }
  const uint64_t equal = data.exact_tensors + data.zero_tensors;
  std::string lede = fmt::format(
      "Of {} compared tensors {} differ{}.", FormatCount(compared), FormatCount(compared - equal),
      equal == 0 ? "" : fmt::format(" and {} are equal, value for value", FormatCount(equal)));
  return lede;
}

std::vector<KeyFigure> KeyFigures(const TensorPageContext& context) {
  const TensorPageInput& input = context.input;
  const TensorSummary& data = context.data;
  std::vector<KeyFigure> figures;
  if (context.bytes_before != 0 && context.bytes_after != 0) {
    const bool is_same = context.bytes_before == context.bytes_after;
    figures.push_back(
        {"Size", FormatBytes(context.bytes_after, 4),
         is_same ? "both checkpoints" : "from " + FormatBytes(context.bytes_before, 4)});
  }
  if (!data.rated.empty()) {
    const RatedTensor& worst = data.rated.front();
    figures.push_back({"SNR, all compared weights", WithUnit(data.total.SnrDb()),
                       fmt::format("worst tensor: {}", WithUnit(worst.snr))});
    figures.push_back({"Cosine similarity", FormatCosine(data.total.Cosine()),
                       fmt::format("largest error {}", FormatError(data.total.max_abs_error))});
  }
  const SizeRow& size = data.size_total;
  if (size.quantized_weights != 0) {
    const double quantized = 8 * Ratio(size.quantized_after, size.quantized_weights);
    const double all = 8 * Ratio(size.after(), size.weights());
    figures.push_back({"Bits per quantized weight", FormatBits(quantized),
                       fmt::format("{} over all weights", FormatBits(all))});
  }
  if (input.seconds > 0) {
    const double rate = static_cast<double>(context.bytes_before) / input.seconds / 1e9;
    figures.push_back(
        {"Time", FormatDuration(input.seconds), fmt::format("{:.2f} GB/s of source", rate)});
  }
  return figures;
}

void WriteFact(Markup& page, std::string_view label, const std::string& value) {
  if (value.empty()) return;
  page.Open("div").Leaf("dt", {}, label).Leaf("dd", {}, value).Close();
}

std::string TableText(const TensorPageInput& input) {
  if (input.table.empty() || input.levels.size() != 1) return input.table;
  const std::vector<float>& levels = input.levels.begin()->second;
  if (levels.empty()) return input.table;
  return fmt::format("{}, {} levels, the largest {:.5g}", input.table, levels.size(),
                     levels.back());
}

std::string ScalesText(const TensorPageInput& input) {
  if (input.scale_rule.empty() || input.scale_group == 0) return input.scale_rule;
  return fmt::format("one for {} weights, by rule {}", input.scale_group, input.scale_rule);
}

}  // namespace

void WriteHeader(Markup& page, const TensorPageContext& context) {
  const TensorPageInput& input = context.input;
  const bool is_comparison = input.kind == TensorPageKind::kComparison;
  page.Open("header");
  page.Leaf(
      "p", {{"class", "kicker"}},
      is_comparison ? "Comparison of two checkpoints" : "What quantizing did, tensor by tensor");
  page.Leaf("h1", {}, input.title.empty() ? "hlwq report" : input.title);
  page.Leaf("p", {{"class", "lede"}},
            is_comparison ? ComparisonLede(context.data) : QuantizationLede(context));
  page.Open("dl", {{"class", "key"}});
  for (const KeyFigure& figure : KeyFigures(context)) {
    page.Open("div").Leaf("dt", {}, figure.label);
    page.Open("dd").Text(figure.value).Leaf("span", {}, figure.detail).Close();
    page.Close();
  }
  page.Close();
  page.Open("dl", {{"class", "facts"}});
  WriteFact(page, is_comparison ? "First" : "Source", input.source);
  WriteFact(page, is_comparison ? "Second" : "Result", input.destination);
  WriteFact(page, "Codec", input.codec);
  WriteFact(page, "Table", TableText(input));
  WriteFact(page, "Scales", ScalesText(input));
  if (input.block_size > 1 && !context.data.by_bits.empty()) {
    WriteFact(page, "Rotation", fmt::format("Hadamard, blocks of {}", input.block_size));
  }
  for (const auto& [label, value] : input.facts) WriteFact(page, label, value);
  page.Close();
  if (!input.notes.empty()) {
    page.Open("ul", {{"class", "notes"}});
    for (const std::string& note : input.notes) page.Leaf("li", {}, note);
    page.Close();
  }
  page.Close();
}

}  // namespace hlwq::report
