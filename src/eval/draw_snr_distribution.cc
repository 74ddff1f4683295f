#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/number_text.h"
#include "eval/axis.h"
#include "eval/drawings.h"
#include "eval/markup.h"

namespace hlwq::eval {
namespace {

constexpr double kWidth = 1120;
constexpr double kLeft = 56;
constexpr double kRight = 24;
constexpr double kTop = 26;
constexpr double kPlot = 150;
constexpr double kBase = kTop + kPlot;
constexpr int kMaxBins = 100;
constexpr double kSmallestBar = 2;  // one tensor of thousands still shows

struct Bin {
  double low;
  uint64_t tensors;
};

std::vector<Bin> MakeBins(const std::vector<double>& snrs, double width) {
  const double first = std::floor(snrs.front() / width);
  const auto count = static_cast<size_t>(std::floor(snrs.back() / width) - first) + 1;
  std::vector<Bin> bins(count);
  for (size_t bin = 0; bin < count; ++bin) {
    bins[bin] = {(first + static_cast<double>(bin)) * width, 0};
  }
  for (const double snr : snrs) {
    const auto bin = static_cast<size_t>(std::floor(snr / width) - first);
    ++bins[std::min(bin, count - 1)].tensors;
  }
  return bins;
}

void Mark(Markup& svg, double x, const char* anchor, const std::string& text) {
  svg.Empty("line", {{"class", "marker"}, {"x1", x}, {"x2", x}, {"y1", kTop - 8}, {"y2", kBase}});
  const bool is_end = std::string_view(anchor) == "end";
  svg.Leaf("text",
           {{"class", fmt::format("name {}", anchor)}, {"x", x + (is_end ? -5 : 5)}, {"y", kTop}},
           text);
}

}  // namespace

std::string DrawSnrDistribution(const ReportData& data, const SnrScale& scale) {
  const std::vector<double> snrs = FiniteSnrs(data);
  if (snrs.size() < 2) return "";
  const double span = std::max(snrs.back() - snrs.front(), 0.2);
  const double bin_width = NiceStep(span, kMaxBins);
  const std::vector<Bin> bins = MakeBins(snrs, bin_width);
  const uint64_t most = std::ranges::max(bins, {}, &Bin::tensors).tensors;

  const Axis x{bins.front().low - bin_width, bins.back().low + 2 * bin_width, kLeft,
               kWidth - kRight};
  const Axis y{0, static_cast<double>(most) * 1.04, kBase, kTop + 8};

  Markup svg;
  svg.Open("svg", {{"viewBox", fmt::format("0 0 {} {}", kWidth, kBase + 44)},
                   {"role", "img"},
                   {"class", "wide"},
                   {"aria-label", "Distribution of the SNR over tensors"}});
  for (const double tick : y.Ticks(4)) {
    if (tick != std::floor(tick)) continue;
    svg.Empty("line", {{"class", "grid"},
                       {"x1", kLeft},
                       {"x2", kWidth - kRight},
                       {"y1", y.At(tick)},
                       {"y2", y.At(tick)}});
    svg.Leaf("text", {{"class", "label end"}, {"x", kLeft - 8}, {"y", y.At(tick) + 4}},
             FormatCount(static_cast<uint64_t>(tick)));
  }
  for (const Bin& bin : bins) {
    if (bin.tensors == 0) continue;
    const double left = x.At(bin.low);
    const double right = x.At(bin.low + bin_width);
    const double height = std::max(kBase - y.At(static_cast<double>(bin.tensors)), kSmallestBar);
    svg.Open("rect", {{"x", left + 0.5},
                      {"y", kBase - height},
                      {"width", std::max(right - left - 1, 0.5)},
                      {"height", height},
                      {"fill", scale.Hex(bin.low + bin_width / 2)}});
    svg.Leaf("title", {},
             fmt::format("{} to {} dB: {} {}", FormatSnr(bin.low), FormatSnr(bin.low + bin_width),
                         FormatCount(bin.tensors), bin.tensors == 1 ? "tensor" : "tensors"));
    svg.Close();
  }
  svg.Empty(
      "line",
      {{"class", "axis"}, {"x1", kLeft}, {"x2", kWidth - kRight}, {"y1", kBase}, {"y2", kBase}});
  for (const double tick : x.Ticks(10)) {
    svg.Empty("line", {{"class", "tick"},
                       {"x1", x.At(tick)},
                       {"x2", x.At(tick)},
                       {"y1", kBase},
                       {"y2", kBase + 4}});
    svg.Leaf("text", {{"class", "label middle"}, {"x", x.At(tick)}, {"y", kBase + 17}},
             fmt::format("{:g}", std::round(tick * 1000) / 1000));
  }
  svg.Leaf("text", {{"class", "label"}, {"x", kLeft}, {"y", kBase + 36}}, "SNR in dB →");
  svg.Leaf("text", {{"class", "label end"}, {"x", kLeft - 8}, {"y", kTop - 10}}, "tensors");
  const double median = snrs[snrs.size() / 2];
  Mark(svg, x.At(median), x.At(median) > kWidth / 2 ? "end" : "start",
       fmt::format("median {}", FormatSnr(median)));
  svg.Close();
  return std::move(svg).Finish();
}

}  // namespace hlwq::eval
