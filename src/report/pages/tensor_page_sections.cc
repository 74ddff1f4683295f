#include "report/pages/tensor_page_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>

#include "base/number_text.h"
#include "codec/error_stats.h"

namespace hlwq::report {
namespace {

using Strings = std::initializer_list<std::string_view>;

constexpr size_t kWorstShown = 25;

void OpenSection(Markup& page, std::string_view heading, std::string_view text) {
  page.Open("section").Leaf("h2", {}, heading);
  if (!text.empty()) page.Leaf("p", {{"class", "note"}}, text);
}

void WriteWideFigure(Markup& page, const std::string& svg) {
  page.Open("figure").Open("div", {{"class", "scroll"}}).Raw(svg).Close().Close();
}

std::string ShapeText(const Shape& shape) {
  return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, " × "));
}

std::string Range(double low, double high) {
  const std::string low_text = FormatSnr(low);
  const std::string high_text = FormatSnr(high);
  return low_text == high_text ? low_text : fmt::format("{} to {}", low_text, high_text);
}

// The finding above the heat map: where in the model the weakest tensors are.
std::string WeakestSpot(const TensorSummary& data) {
  const Cell* weakest = nullptr;
  for (const std::vector<Cell>* cells : {&data.cells, &data.outside}) {
    for (const Cell& cell : *cells) {
      if (!weakest || IsWorseSnr(cell.errors.SnrDb(), weakest->errors.SnrDb())) weakest = &cell;
    }
  }
  const double snr = weakest->errors.SnrDb();
  if (std::isnan(snr) || (std::isinf(snr) && snr > 0)) return "Nothing was lost in any layer";
  const bool is_outside =
      !data.outside.empty() && weakest >= &data.outside.front() && weakest <= &data.outside.back();
  std::string where = RoleLabel(weakest->role);
  if (!is_outside) {
    where += fmt::format(" in layer {}", data.columns[weakest->column].first_layer);
  }
  if (std::isinf(snr)) return fmt::format("Values of {} are lost", where);
  return fmt::format("The weakest spot is {}, at {} dB", where, FormatSnr(snr));
}

// Names are of any length; the middle of a very long one tells least.
std::string Shortened(const std::string& name) {
  constexpr size_t kLongest = 240;
  if (name.size() <= kLongest) return name;
  return name.substr(0, kLongest / 2) + " … " + name.substr(name.size() - kLongest / 2);
}

void WriteSwatch(Markup& page, const std::string& colour) {
  // An empty element must not be self-closed in HTML.
  page.Leaf("span", {{"class", "swatch"}, {"style", "background:" + colour}}, "");
}

// One entry of a legend: a mark and its meaning, kept on one line.
void WriteMark(Markup& page, const char* style, std::string_view meaning) {
  page.Open("span", {{"class", "item"}}).Leaf("i", {{"class", style}}, "").Text(meaning).Close();
}

void WriteTableHead(Markup& page, Strings words, Strings numbers) {
  page.Open("thead").Open("tr");
  for (const std::string_view word : words) page.Leaf("th", {}, word);
  for (const std::string_view number : numbers) page.Leaf("th", {{"class", "num"}}, number);
  page.Close().Close();
}

void WriteNumber(Markup& page, const std::string& text) {
  page.Leaf("td", {{"class", "num"}}, text);
}

void WriteSnr(Markup& page, const SnrScale& scale, double snr) {
  page.Open("td", {{"class", "num"}});
  if (!std::isnan(snr)) WriteSwatch(page, scale.Hex(snr));
  page.Text(FormatSnr(snr)).Close();
}

// The entropy of the codes, in bits.
double Entropy(const codec::ErrorStats& stats) {
  const auto total = static_cast<double>(
      std::accumulate(stats.code_use.begin(), stats.code_use.end(), uint64_t{0}));
  double entropy = 0;
  for (const uint64_t use : stats.code_use) {
    if (use == 0) continue;
    const double share = static_cast<double>(use) / total;
    entropy -= share * std::log2(share);
  }
  return entropy;
}

std::string CodesText(uint64_t zero_blocks) {
  std::string text = fmt::format(
      "Rotation by a Hadamard matrix makes the coordinates of almost any weight block look like "
      "draws from N(0,1), which the levels are made for. How well that holds decides how well "
      "the codes fit. Both are counted on a sample, one block in {} of every matrix.",
      codec::ErrorStats::kSampledBlocks);
  if (zero_blocks > 0) {
    text += fmt::format(" {} blocks have no energy at all and are not counted.",
                        FormatCount(zero_blocks));
  }
  return text;
}

void WriteCodeLegend(Markup& page, bool has_sphere) {
  page.Open("p", {{"class", "legend"}});
  WriteMark(page, "counted", "counted");
  WriteMark(page, "rod gauss", "N(0,1)");
  if (has_sphere) {
    WriteMark(page, "rod sphere", "exact law of i.i.d. Gaussian weights in blocks of this size");
  }
  page.Close();
}

}  // namespace

void WriteHeatMap(Markup& page, const TensorPageContext& context) {
  const TensorSummary& data = context.data;
  if (data.rated.empty()) {
    OpenSection(page, "Signal and error", "No errors were recorded for any tensor.");
    page.Close();
    return;
  }
  OpenSection(
      page, WeakestSpot(data),
      "Signal-to-noise ratio of the weights by layer and role; 6 dB more is half the error. "
      "Tensors that share a layer and a role, experts above all, are taken together.");
  if (!data.cells.empty()) WriteWideFigure(page, DrawSnrHeatMap(data, context.scale));
  if (!data.outside.empty()) {
    page.Open("ul", {{"class", "chips"}}).Leaf("li", {}, "Outside the layers:");
    for (const Cell& cell : data.outside) {
      const double snr = cell.errors.SnrDb();
      page.Open("li");
      if (!std::isnan(snr)) WriteSwatch(page, context.scale.Hex(snr));
      page.Text(fmt::format("{} {}{}", RoleLabel(cell.role), FormatSnr(snr),
                            std::isfinite(snr) ? " dB" : ""));
      page.Close();
    }
    page.Close();
  }
  page.Close();
}

void WriteDistribution(Markup& page, const TensorPageContext& context) {
  const TensorSummary& data = context.data;
  if (data.rated.empty()) return;
  const std::vector<double> snrs = FiniteSnrs(data);
  std::string text;
  const auto add = [&](uint64_t count, std::string_view one, std::string_view many) {
    if (count == 0) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : " ", FormatCount(count),
                        count == 1 ? one : many);
  };
  add(data.exact_tensors, "tensor without any error is not drawn.",
      "tensors without any error are not drawn.");
  add(data.zero_tensors, "tensor is all zero on both sides.",
      "tensors are all zero on both sides.");
  add(data.lost_tensors, "tensor is lost: an error without signal, or values that are not finite.",
      "tensors are lost: an error without signal, or values that are not finite.");
  const std::string svg = DrawSnrDistribution(data, context.scale);
  if (svg.empty()) {
    OpenSection(page, "The spread over tensors",
                text + (text.empty() ? "" : " ") + "Too few tensors to draw a distribution.");
  } else {
    OpenSection(page,
                fmt::format("Half of all tensors lie between {} and {} dB",
                            FormatSnr(snrs[snrs.size() / 4]), FormatSnr(snrs[snrs.size() * 3 / 4])),
                text);
    WriteWideFigure(page, svg);
  }
  page.Close();
}

void WriteCodes(Markup& page, const TensorPageContext& context) {
  const bool has_own = !context.data.by_bits.empty();
  const auto& by_bits = has_own ? context.data.by_bits : context.input.recorded_codes;
  if (by_bits.empty()) {
    OpenSection(page, "Coordinates and codes",
                "Left out: these records hold no codes, only values that were compared.");
    page.Close();
    return;
  }
  uint64_t zero_blocks = context.data.total.zero_blocks;
  if (!has_own) {
    for (const auto& [bits, stats] : by_bits) zero_blocks += stats.zero_blocks;
  }
  OpenSection(page, "Do the codes fit what they code?", CodesText(zero_blocks));
  WriteCodeLegend(page, context.input.block_size >= 4);
  page.Open("div", {{"class", "figures"}});
  for (const auto& [bits, stats] : by_bits) {
    const auto found = context.input.levels.find(bits);
    const std::vector<float> levels = found == context.input.levels.end()
                                          ? std::vector<float>()
                                          : LevelsAmongCoordinates(found->second, stats);
    const std::string coordinates = DrawCoordinates(stats, levels, context.input.block_size);
    const std::string code_use = DrawCodeUse(stats, levels);
    if (!coordinates.empty()) {
      page.Open("figure").Leaf("h3", {}, fmt::format("{} bits: rotated coordinates", bits));
      page.Raw(coordinates).Close();
    }
    if (!code_use.empty()) {
      page.Open("figure");
      page.Leaf(
          "h3", {},
          fmt::format("{} bits: use of each level, {:.3f} bits of entropy", bits, Entropy(stats)));
      page.Raw(code_use).Close();
    }
  }
  page.Close().Close();
}

void WriteSizes(Markup& page, const TensorPageContext& context) {
  const SizeRow& size = context.data.size_total;
  const std::string svg = DrawSizes(context.data);
  if (svg.empty() || (size.quantized_tensors == 0 && size.before() == size.after())) {
    OpenSection(page, "Size",
                svg.empty() ? "Left out: no sizes were recorded."
                            : "Left out: nothing was quantized, and both sides are "
                              "equally large.");
    page.Close();
    return;
  }
  OpenSection(page, "Where the bytes are", "");
  page.Open("p", {{"class", "legend"}});
  if (size.quantized_tensors != 0) {
    WriteMark(page, "quantized before", "before");
    WriteMark(page, "quantized", "quantized");
  }
  if (size.carried_tensors != 0) {
    const bool is_comparison = context.input.kind == TensorPageKind::kComparison;
    WriteMark(page, "carried before", "before");
    WriteMark(page, "carried", is_comparison ? "after" : "carried over");
  }
  page.Close();
  WriteWideFigure(page, svg);
  page.Close();
}

void WriteRoles(Markup& page, const TensorPageContext& context) {
  const TensorSummary& data = context.data;
  if (data.by_role.empty()) return;
  OpenSection(page, "By role", "");
  page.Open("div", {{"class", "scroll"}}).Open("table");
  WriteTableHead(page, {"role"},
                 {"tensors", "weights", "bits", "SNR, dB", "worst to best", "cosine", "max error"});
  page.Open("tbody");
  for (const Cell& cell : data.by_role) {
    page.Open("tr").Leaf("td", {}, RoleLabel(cell.role));
    WriteNumber(page, FormatCount(cell.tensors));
    WriteNumber(page, FormatWeights(cell.errors.count));
    WriteNumber(page, cell.max_bits == 0 ? "–"
                      : cell.min_bits == cell.max_bits
                          ? fmt::format("{}", cell.max_bits)
                          : fmt::format("{}–{}", cell.min_bits, cell.max_bits));
    WriteSnr(page, context.scale, cell.errors.SnrDb());
    WriteNumber(page, Range(cell.worst_snr, cell.best_snr));
    WriteNumber(page, FormatCosine(cell.errors.Cosine()));
    WriteNumber(page, FormatError(cell.errors.max_abs_error));
    page.Close();
  }
  page.Close().Close().Close().Close();
}

void WriteWorst(Markup& page, const TensorPageContext& context) {
  const TensorSummary& data = context.data;
  const uint64_t equal = data.exact_tensors + data.zero_tensors;
  const size_t shown = std::min<size_t>(kWorstShown, data.rated.size() - equal);
  if (shown == 0) return;
  OpenSection(page, shown == 1 ? "The worst tensor" : fmt::format("The {} worst tensors", shown),
              "");
  page.Open("div", {{"class", "scroll"}}).Open("table");
  WriteTableHead(page, {"tensor", "shape"}, {"bits", "SNR, dB", "cosine", "max error"});
  page.Open("tbody");
  for (const RatedTensor& rated : std::span(data.rated).first(shown)) {
    const checkpoint::TensorReport& report = *rated.report;
    page.Open("tr");
    page.Open("td", {{"class", "wrap"}}).Leaf("code", {}, Shortened(report.name)).Close();
    page.Leaf("td", {}, ShapeText(report.shape));
    WriteNumber(page, report.bits == 0 ? "–" : fmt::format("{}", report.bits));
    WriteSnr(page, context.scale, rated.snr);
    WriteNumber(page, FormatCosine(report.errors->Cosine()));
    WriteNumber(page, FormatError(report.errors->max_abs_error));
    page.Close();
  }
  page.Close().Close().Close().Close();
}

}  // namespace hlwq::report
