#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/number_text.h"
#include "report/drawings/axis.h"
#include "report/drawings/colour_scale.h"
#include "report/drawings/tensor_drawings.h"
#include "report/markup.h"

namespace hlwq::report {
namespace {

constexpr double kWidth = 1120;
constexpr double kLeft = 168;  // role names
constexpr double kRight = 74;  // the margin column
constexpr double kTop = 60;    // legend
constexpr double kRowHeight = 23;
constexpr double kMaxCellWidth = 46;
constexpr double kValueWidth = 34;  // cells at least this wide show their value
constexpr double kMarkWidth = 8;    // and these at least that there is none
constexpr double kLegendWidth = 240;

std::string BitsOf(const Cell& cell) {
  if (cell.max_bits == 0) return "";
  if (cell.min_bits == cell.max_bits) return fmt::format(" · {} bits", cell.max_bits);
  return fmt::format(" · {} to {} bits", cell.min_bits, cell.max_bits);
}

std::string LayerText(const LayerColumn& column) {
  if (column.first_layer == column.last_layer) return fmt::format("layer {}", column.first_layer);
  return fmt::format("layers {} to {}", column.first_layer, column.last_layer);
}

std::string WithUnit(double snr) {
  return std::isfinite(snr) ? FormatSnr(snr) + " dB" : FormatSnr(snr);
}

std::string HoverText(const Cell& cell, const LayerColumn& column) {
  std::string text = fmt::format("{}, {}: {}{}", RoleLabel(cell.role), LayerText(column),
                                 WithUnit(cell.errors.SnrDb()), BitsOf(cell));
  if (cell.tensors > 1) {
    text += fmt::format(" · {} tensors, {} to {}", FormatCount(cell.tensors),
                        FormatSnr(cell.worst_snr), WithUnit(cell.best_snr));
  }
  return text;
}

// What a cell says of itself: its value, "=" where nothing was lost, "×" where all was.
std::string CellText(double snr) {
  if (std::isnan(snr)) return "";
  if (std::isinf(snr)) return snr > 0 ? "=" : "×";
  return fmt::format("{:.1f}", snr);
}

// The text colour that reads better on `snr`'s colour.
const char* InkOn(const SnrScale& scale, double snr) {
  const double t = scale.Position(snr);
  return SequentialColour(std::isfinite(t) ? t : t > 0).Luminance() > 0.22 ? "on-pale" : "on-deep";
}

void DrawLegend(Markup& svg, const SnrScale& scale, bool has_below, bool has_above) {
  const Axis axis{scale.low, scale.high, kLeft, kLeft + kLegendWidth};
  constexpr int kSteps = 60;
  for (int step = 0; step < kSteps; ++step) {
    const double x = kLeft + kLegendWidth * step / kSteps;
    svg.Empty("rect", {{"x", x},
                       {"y", 4},
                       {"width", kLegendWidth / kSteps + 0.5},
                       {"height", 10},
                       {"fill", SequentialColour((step + 0.5) / kSteps).Hex()}});
  }
  for (const double tick : axis.Ticks(5)) {
    const double x = axis.At(tick);
    svg.Empty("line", {{"class", "tick"}, {"x1", x}, {"x2", x}, {"y1", 14}, {"y2", 18}});
    std::string label = fmt::format("{:g}", tick);
    if (has_below && tick == scale.low) label = "≤ " + label;
    if (has_above && tick == scale.high) label = "≥ " + label;
    svg.Leaf("text", {{"class", "label middle"}, {"x", x}, {"y", 30}}, label);
  }
  svg.Leaf("text", {{"class", "label end"}, {"x", kLeft - 10}, {"y", 13}}, "SNR in dB");
}

void DrawCell(Markup& svg, const Cell& cell, const LayerColumn& column, const SnrScale& scale,
              double x, double y, double width) {
  const double snr = cell.errors.SnrDb();
  const double gap = width > 6 ? 1.5 : 0.4;
  svg.Open("g").Leaf("title", {}, HoverText(cell, column));
  if (std::isnan(snr)) {
    svg.Empty("rect", {{"class", "empty"},
                       {"x", x},
                       {"y", y},
                       {"width", width - gap},
                       {"height", kRowHeight - 1.5}});
  } else {
    svg.Empty("rect", {{"x", x},
                       {"y", y},
                       {"width", width - gap},
                       {"height", kRowHeight - 1.5},
                       {"fill", scale.Hex(snr)}});
  }
  const std::string text = CellText(snr);
  if (!text.empty() && width >= (std::isfinite(snr) ? kValueWidth : kMarkWidth)) {
    svg.Leaf("text",
             {{"class", fmt::format("value middle {}", InkOn(scale, snr))},
              {"x", x + (width - gap) / 2},
              {"y", y + kRowHeight / 2 + 3.2}},
             text);
  }
  svg.Close();
}

// Layer numbers that do not touch each other: every 1st, 2nd, 5th, 10th, ...
void DrawLayerLabels(Markup& svg, const TensorSummary& data, double cell_width, double y) {
  const size_t columns = data.columns.size();
  const bool is_merged = data.columns.back().last_layer > 999;
  const double min_distance = is_merged ? 44 : 30;
  size_t stride = 1;
  for (const size_t factor : {1, 2, 5, 10, 20, 50, 100}) {
    stride = factor;
    if (static_cast<double>(factor) * cell_width >= min_distance) break;
  }
  for (size_t column = 0; column < columns; column += stride) {
    svg.Leaf("text",
             {{"class", "label middle"},
              {"x", kLeft + (static_cast<double>(column) + 0.5) * cell_width},
              {"y", y}},
             fmt::format("{}", data.columns[column].first_layer));
  }
}

}  // namespace

std::string SnrScale::Hex(double snr_db) const {
  if (std::isinf(snr_db)) return SequentialColour(snr_db > 0).Hex();
  return SequentialColour(Position(snr_db)).Hex();
}

SnrScale MakeSnrScale(std::span<const double> snrs) {
  std::vector<double> sorted;
  for (const double snr : snrs) {
    if (std::isfinite(snr)) sorted.push_back(snr);
  }
  if (sorted.empty()) return {};
  std::ranges::sort(sorted);
  // Far outliers in the sense of Tukey: three interquartile ranges from the quartiles, or 1 dB
  // where nearly all values agree.
  const double first = sorted[sorted.size() / 4];
  const double third = sorted[sorted.size() * 3 / 4];
  const double reach = std::max(3 * (third - first), 1.0);
  const double lowest = *std::ranges::lower_bound(sorted, first - reach);
  const double highest = *(std::ranges::upper_bound(sorted, third + reach) - 1);
  double low = std::floor(2 * lowest) / 2;
  double high = std::ceil(2 * highest) / 2;
  if (high - low < 1) {
    low = std::min(low, std::floor(2 * ((low + high) / 2 - 0.5)) / 2);
    high = low + 1;
  }
  return {low, high};
}

std::string DrawSnrHeatMap(const TensorSummary& data, const SnrScale& scale) {
  if (data.cells.empty()) return "";
  std::vector<checkpoint::Role> roles;
  bool has_below = false;
  bool has_above = false;
  for (const Cell& cell : data.cells) {
    if (roles.empty() || roles.back() != cell.role) roles.push_back(cell.role);
    const double snr = cell.errors.SnrDb();
    has_below |= snr < scale.low;
    has_above |= snr > scale.high;
  }
  const auto columns = static_cast<double>(data.columns.size());
  const double cell_width = std::min(kMaxCellWidth, (kWidth - kLeft - kRight) / columns);
  const double grid_end = kLeft + cell_width * columns;
  const double bottom = kTop + kRowHeight * static_cast<double>(roles.size());
  const double height = bottom + 42;

  Markup svg;
  svg.Open("svg", {{"viewBox", fmt::format("0 0 {} {}", kWidth, FormatCoordinate(height))},
                   {"role", "img"},
                   {"class", "wide"},
                   {"aria-label", "Heat map of the SNR by layer and role"}});
  DrawLegend(svg, scale, has_below, has_above);
  svg.Leaf("text", {{"class", "label"}, {"x", grid_end + 10}, {"y", kTop - 6}}, "all layers");

  for (size_t row = 0; row < roles.size(); ++row) {
    const double y = kTop + kRowHeight * static_cast<double>(row);
    svg.Leaf("text", {{"class", "name end"}, {"x", kLeft - 10}, {"y", y + kRowHeight / 2 + 3.5}},
             RoleLabel(roles[row]));
    svg.Empty("line", {{"class", "grid"},
                       {"x1", kLeft},
                       {"x2", grid_end},
                       {"y1", y + kRowHeight / 2 - 0.75},
                       {"y2", y + kRowHeight / 2 - 0.75}});
    codec::ErrorStats all;
    for (const Cell& cell : data.cells) {
      if (cell.role != roles[row]) continue;
      all.Merge(cell.errors);
      DrawCell(svg, cell, data.columns[cell.column], scale,
               kLeft + cell_width * static_cast<double>(cell.column), y, cell_width);
    }
    svg.Leaf("text", {{"class", "number"}, {"x", grid_end + 10}, {"y", y + kRowHeight / 2 + 3.5}},
             FormatSnr(all.SnrDb()));
  }
  DrawLayerLabels(svg, data, cell_width, bottom + 15);
  svg.Leaf("text", {{"class", "label"}, {"x", kLeft}, {"y", bottom + 34}},
           data.columns.size() == 1 ? "layer" : "layer →");
  svg.Close();
  return std::move(svg).Finish();
}

}  // namespace hlwq::report
