#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/number_text.h"
#include "report/drawings/plot.h"
#include "report/drawings/tensor_drawings.h"
#include "report/markup.h"

namespace hlwq::report {
namespace {

constexpr Plot kPlot = {
    .width = 1120, .height = 220, .left = 56, .right = 24, .top = 26, .base = 176};
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
  svg.Empty("line",
            {{"class", "marker"}, {"x1", x}, {"x2", x}, {"y1", kPlot.top - 8}, {"y2", kPlot.base}});
  const bool is_end = std::string_view(anchor) == "end";
  svg.Leaf(
      "text",
      {{"class", fmt::format("name {}", anchor)}, {"x", x + (is_end ? -5 : 5)}, {"y", kPlot.top}},
      text);
}

}  // namespace

std::string DrawSnrDistribution(const TensorSummary& data, const SnrScale& scale) {
  const std::vector<double> snrs = FiniteSnrs(data);
  if (snrs.size() < 2) return "";
  const double span = std::max(snrs.back() - snrs.front(), 0.2);
  const double bin_width = NiceStep(span, kMaxBins);
  const std::vector<Bin> bins = MakeBins(snrs, bin_width);
  const uint64_t most = std::ranges::max(bins, {}, &Bin::tensors).tensors;

  const Axis x = kPlot.Horizontal(bins.front().low - bin_width, bins.back().low + 2 * bin_width);
  const Axis y{0, static_cast<double>(most) * 1.04, kPlot.base, kPlot.top + 8};

  Markup svg;
  kPlot.OpenWide(svg, "Distribution of the SNR over tensors");
  for (const double tick : y.Ticks(4)) {
    if (tick != std::floor(tick)) continue;
    kPlot.GridLine(svg, y.At(tick), FormatCount(static_cast<uint64_t>(tick)));
  }
  for (const Bin& bin : bins) {
    if (bin.tensors == 0) continue;
    const double left = x.At(bin.low);
    const double right = x.At(bin.low + bin_width);
    const double height =
        std::max(kPlot.base - y.At(static_cast<double>(bin.tensors)), kSmallestBar);
    svg.Open("rect", {{"x", left + 0.5},
                      {"y", kPlot.base - height},
                      {"width", std::max(right - left - 1, 0.5)},
                      {"height", height},
                      {"fill", scale.Hex(bin.low + bin_width / 2)}});
    svg.Leaf("title", {},
             fmt::format("{} to {} dB: {} {}", FormatSnr(bin.low), FormatSnr(bin.low + bin_width),
                         FormatCount(bin.tensors), bin.tensors == 1 ? "tensor" : "tensors"));
    svg.Close();
  }
  kPlot.HorizontalAxis(svg);
  for (const double tick : x.Ticks(10)) {
    kPlot.Tick(svg, x.At(tick), fmt::format("{:g}", std::round(tick * 1000) / 1000));
  }
  kPlot.Caption(svg, "SNR in dB →");
  svg.Leaf("text", {{"class", "label end"}, {"x", kPlot.left - 8}, {"y", kPlot.top - 10}},
           "tensors");
  const double median = snrs[snrs.size() / 2];
  Mark(svg, x.At(median), x.At(median) > kPlot.width / 2 ? "end" : "start",
       fmt::format("median {}", FormatSnr(median)));
  svg.Close();
  return std::move(svg).Finish();
}

}  // namespace hlwq::report
