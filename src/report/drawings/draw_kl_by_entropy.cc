#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/number_text.h"
#include "report/drawings/kld_drawings.h"
#include "report/drawings/plot.h"
#include "report/markup.h"

namespace hlwq::report {
namespace {

constexpr Plot kPlot = {
    .width = 540, .height = 294, .left = 52, .right = 16, .top = 14, .base = 250};
constexpr size_t kMostGroups = 40;
constexpr size_t kLeastTokens = 16;  // of a group

// Tokens of like entropy.
struct Group {
  double entropy = 0;  // median
  double median = 0, ninety = 0;
  size_t tokens = 0;
};

// As many tokens in each group, in the order of their entropy.
std::vector<Group> MakeGroups(const KldResult& result) {
  std::vector<std::pair<double, double>> pairs;
  for (const TokenError& token : result.tokens) pairs.emplace_back(token.entropy, token.kl);
  std::ranges::sort(pairs);
  const size_t count = std::min(kMostGroups, pairs.size() / kLeastTokens);
  std::vector<Group> groups;
  for (size_t group = 0; group < count; ++group) {
    const size_t begin = group * pairs.size() / count, end = (group + 1) * pairs.size() / count;
    std::vector<double> kl;
    for (size_t at = begin; at < end; ++at) kl.push_back(pairs[at].second);
    std::ranges::sort(kl);
    groups.push_back(
        {pairs[(begin + end) / 2].first, Percentile(kl, 0.5), Percentile(kl, 0.9), end - begin});
  }
  return groups;
}

std::string Path(const std::vector<Group>& groups, const Axis& x, const Axis& y,
                 const Decades& decades, double Group::*value) {
  std::string path;
  for (const Group& group : groups) {
    path += fmt::format("{}{},{}", path.empty() ? "M" : " L", FormatCoordinate(x.At(group.entropy)),
                        FormatCoordinate(y.At(OnAxis(group.*value, decades))));
  }
  return path;
}

}  // namespace

std::string DrawKlByEntropy(const KldResult& result) {
  const std::vector<Group> groups = MakeGroups(result);
  if (groups.size() < 2 || groups.back().entropy <= 0) return "";
  const Decades decades = DecadesOf(result);
  const Axis x = kPlot.Horizontal(0, groups.back().entropy * 1.03);
  const Axis y = kPlot.Vertical(decades.low, decades.high);

  Markup svg;
  kPlot.OpenHalf(svg, "Divergence by the entropy of the reference");
  for (int power = decades.low; power <= decades.high; ++power) {
    kPlot.GridLine(svg, y.At(power), DecadeLabel(power));
  }
  for (const double tick : x.Ticks(8)) {
    kPlot.Tick(svg, x.At(tick), fmt::format("{:g}", tick));
  }
  svg.Empty("path", {{"class", "reference"}, {"d", Path(groups, x, y, decades, &Group::ninety)}});
  svg.Empty("path", {{"class", "line"}, {"d", Path(groups, x, y, decades, &Group::median)}});
  for (const Group& group : groups) {
    const double at = y.At(OnAxis(group.median, decades));
    svg.Open("rect", {{"class", "hover"},
                      {"x", x.At(group.entropy) - 6},
                      {"y", at - 10},
                      {"width", 12},
                      {"height", 20}});
    svg.Leaf("title", {},
             fmt::format("entropy {:.2f}: median {:.3g}, 90 % {:.3g}, {} tokens", group.entropy,
                         group.median, group.ninety, FormatCount(group.tokens)));
    svg.Close();
  }
  const Group& last = groups.back();
  const auto name = [&](double value, double below, const char* text) {
    svg.Leaf("text",
             {{"class", "label end"},
              {"x", x.At(last.entropy)},
              {"y", y.At(OnAxis(value, decades)) + below}},
             text);
  };
  name(last.ninety, -10, "90 %");
  name(last.median, 19, "median");
  kPlot.HorizontalAxis(svg);
  kPlot.Caption(svg, "entropy of the reference's prediction in nats →");
  svg.Close();
  return std::move(svg).Finish();
}

}  // namespace hlwq::report
