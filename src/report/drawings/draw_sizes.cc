#include <fmt/format.h>

#include <algorithm>

#include "base/number_text.h"
#include "report/drawings/axis.h"
#include "report/drawings/tensor_drawings.h"
#include "report/markup.h"

namespace hlwq::report {
namespace {

constexpr double kWidth = 1120;
constexpr double kLeft = 168;
constexpr double kBars = 600;     // length of the longest bar
constexpr double kSizesAt = 796;  // text columns
constexpr double kBitsAt = 1010;
constexpr double kCountAt = 1112;
constexpr double kTop = 26;
constexpr double kRowHeight = 40;
constexpr double kBarHeight = 12;

struct Piece {
  uint64_t bytes;
  const char* style;
  std::string what;
};

void DrawBar(Markup& svg, const Axis& axis, double y, std::initializer_list<Piece> pieces) {
  uint64_t from = 0;
  for (const Piece& piece : pieces) {
    if (piece.bytes == 0) continue;
    const double left = axis.At(static_cast<double>(from));
    const double right = axis.At(static_cast<double>(from + piece.bytes));
    svg.Open("rect", {{"class", piece.style},
                      {"x", left},
                      {"y", y},
                      {"width", std::max(right - left, 0.75)},
                      {"height", kBarHeight}});
    svg.Leaf("title", {}, fmt::format("{}: {}", piece.what, FormatBytes(piece.bytes, 4)));
    svg.Close();
    from += piece.bytes;
  }
}

void DrawRow(Markup& svg, const Axis& axis, double y, std::string_view name, const SizeRow& row,
             bool is_total) {
  const char* weight = is_total ? " strong" : "";
  const double text_y = y + kBarHeight + 5;
  svg.Leaf("text", {{"class", fmt::format("name end{}", weight)}, {"x", kLeft - 10}, {"y", text_y}},
           name);
  DrawBar(svg, axis, y,
          {{row.quantized_before, "quantized before", "to be quantized, before"},
           {row.carried_before, "carried before", "to be carried over, before"}});
  DrawBar(svg, axis, y + kBarHeight + 1,
          {{row.quantized_after, "quantized", "quantized, after"},
           {row.carried_after, "carried", "carried over, after"}});
  const std::string sizes = row.before() == row.after() ? FormatBytes(row.after(), 4)
                                                        : FormatBytes(row.before(), 4) + " → " +
                                                              FormatBytes(row.after(), 4);
  svg.Leaf("text", {{"class", fmt::format("number{}", weight)}, {"x", kSizesAt}, {"y", text_y}},
           sizes);
  const double bits = row.weights() == 0 ? 0
                                         : 8 * static_cast<double>(row.after()) /
                                               static_cast<double>(row.weights());
  svg.Leaf("text", {{"class", fmt::format("number end{}", weight)}, {"x", kBitsAt}, {"y", text_y}},
           row.weights() == 0 ? "–" : FormatBits(bits));
  svg.Leaf("text", {{"class", fmt::format("number end{}", weight)}, {"x", kCountAt}, {"y", text_y}},
           FormatCount(row.tensors()));
}

}  // namespace

std::string DrawSizes(const TensorSummary& data) {
  const uint64_t longest = std::max(data.size_total.before(), data.size_total.after());
  if (longest == 0) return "";
  const Axis axis{0, static_cast<double>(longest), kLeft, kLeft + kBars};
  const double height = kTop + kRowHeight * static_cast<double>(data.sizes.size() + 1) + 8;

  Markup svg;
  svg.Open("svg", {{"viewBox", fmt::format("0 0 {} {}", kWidth, height)},
                   {"role", "img"},
                   {"class", "wide"},
                   {"aria-label", "Size by part of the model"}});
  svg.Leaf("text", {{"class", "label"}, {"x", kSizesAt}, {"y", 12}}, "before → after");
  svg.Leaf("text", {{"class", "label end"}, {"x", kBitsAt}, {"y", 12}}, "bits/weight");
  svg.Leaf("text", {{"class", "label end"}, {"x", kCountAt}, {"y", 12}}, "tensors");
  double y = kTop;
  DrawRow(svg, axis, y, "Whole checkpoint", data.size_total, true);
  svg.Empty("line", {{"class", "grid"},
                     {"x1", 0},
                     {"x2", kWidth},
                     {"y1", y + kRowHeight - 8},
                     {"y2", y + kRowHeight - 8}});
  y += 4;
  for (const auto& [group, row] : data.sizes) {
    y += kRowHeight;
    DrawRow(svg, axis, y, RoleGroupName(group), row, false);
  }
  svg.Close();
  return std::move(svg).Finish();
}

}  // namespace hlwq::report
