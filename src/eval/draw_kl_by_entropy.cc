#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/number_text.h"
#include "eval/axis.h"
#include "eval/kld_drawings.h"
#include "eval/markup.h"

namespace hlwq::eval {
namespace {

constexpr double kWidth = 540;
constexpr double kLeft = 52;
constexpr double kRight = 16;
constexpr double kTop = 14;
constexpr double kBase = 250;
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
  const Axis x{0, groups.back().entropy * 1.03, kLeft, kWidth - kRight};
  const Axis y{static_cast<double>(decades.low), static_cast<double>(decades.high), kBase, kTop};

  Markup svg;
  svg.Open("svg", {{"viewBox", fmt::format("0 0 {} {}", kWidth, kBase + 44)},
                   {"role", "img"},
                   {"aria-label", "Divergence by the entropy of the reference"}});
  for (int power = decades.low; power <= decades.high; ++power) {
    svg.Empty("line", {{"class", "grid"},
                       {"x1", kLeft},
                       {"x2", kWidth - kRight},
                       {"y1", y.At(power)},
                       {"y2", y.At(power)}});
    svg.Leaf("text", {{"class", "label end"}, {"x", kLeft - 8}, {"y", y.At(power) + 4}},
             DecadeLabel(power));
  }
  for (const double tick : x.Ticks(8)) {
    svg.Empty("line", {{"class", "tick"},
                       {"x1", x.At(tick)},
                       {"x2", x.At(tick)},
                       {"y1", kBase},
                       {"y2", kBase + 4}});
    svg.Leaf("text", {{"class", "label middle"}, {"x", x.At(tick)}, {"y", kBase + 17}},
             fmt::format("{:g}", tick));
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
  svg.Empty(
      "line",
      {{"class", "axis"}, {"x1", kLeft}, {"x2", kWidth - kRight}, {"y1", kBase}, {"y2", kBase}});
  svg.Leaf("text", {{"class", "label"}, {"x", kLeft}, {"y", kBase + 36}},
           "entropy of the reference's prediction in nats →");
  svg.Close();
  return std::move(svg).Finish();
}

}  // namespace hlwq::eval
