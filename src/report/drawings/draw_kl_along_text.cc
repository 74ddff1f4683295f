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
constexpr size_t kMostPieces = 80;
constexpr size_t kLeastTokens = 16;  // of a piece

struct Piece {
  uint32_t first = 0, last = 0;  // tokens of the text
  double mean = 0;
};

std::vector<Piece> MakePieces(const KldResult& result) {
  const size_t tokens = result.tokens.size();
  const size_t count = std::min(kMostPieces, tokens / kLeastTokens);
  std::vector<Piece> pieces;
  for (size_t piece = 0; piece < count; ++piece) {
    const size_t begin = piece * tokens / count, end = (piece + 1) * tokens / count;
    double sum = 0;
    for (size_t at = begin; at < end; ++at) sum += result.tokens[at].kl;
    pieces.push_back({result.token_indices[begin], result.token_indices[end - 1],
                      sum / static_cast<double>(end - begin)});
  }
  return pieces;
}

}  // namespace

std::string DrawKlAlongText(const KldResult& result) {
  const std::vector<Piece> pieces = MakePieces(result);
  if (pieces.size() < 2) return "";
  const double most = std::ranges::max(pieces, {}, &Piece::mean).mean;
  if (most <= 0) return "";
  const Axis x = kPlot.Horizontal(0, static_cast<double>(pieces.back().last) + 1);
  const Axis y = kPlot.Vertical(0, most * 1.05);

  Markup svg;
  kPlot.OpenHalf(svg, "Mean divergence along the text");
  for (const double tick : y.Ticks(5)) {
    kPlot.GridLine(svg, y.At(tick), fmt::format("{:.3g}", tick));
  }
  for (const double tick : x.Ticks(5)) {
    kPlot.Tick(svg, x.At(tick), FormatCount(static_cast<uint64_t>(tick)));
  }
  for (const Piece& piece : pieces) {
    const double left = x.At(piece.first), right = x.At(piece.last + 1.0);
    svg.Open("g");
    svg.Open("rect", {{"class", "bar"},
                      {"x", left + 0.25},
                      {"y", y.At(piece.mean)},
                      {"width", std::max(right - left - 0.5, 0.5)},
                      {"height", kPlot.base - y.At(piece.mean)}});
    svg.Leaf("title", {},
             fmt::format("tokens {} to {}: {:.3g}", FormatCount(piece.first),
                         FormatCount(piece.last), piece.mean));
    svg.Close().Close();
  }
  const double mean = y.At(std::min(result.mean.value, y.high));
  kPlot.Across(svg, "reference", mean);
  kPlot.HorizontalAxis(svg);
  kPlot.Caption(svg, "token of the text → (mean KL divergence in nats)");
  svg.Close();
  return std::move(svg).Finish();
}

}  // namespace hlwq::report
