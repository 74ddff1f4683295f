#include <fmt/format.h>

#include <algorithm>
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
  const Axis x{0, static_cast<double>(pieces.back().last) + 1, kLeft, kWidth - kRight};
  const Axis y{0, most * 1.05, kBase, kTop};

  Markup svg;
  svg.Open("svg", {{"viewBox", fmt::format("0 0 {} {}", kWidth, kBase + 44)},
                   {"role", "img"},
                   {"aria-label", "Mean divergence along the text"}});
  for (const double tick : y.Ticks(5)) {
    svg.Empty("line", {{"class", "grid"},
                       {"x1", kLeft},
                       {"x2", kWidth - kRight},
                       {"y1", y.At(tick)},
                       {"y2", y.At(tick)}});
    svg.Leaf("text", {{"class", "label end"}, {"x", kLeft - 8}, {"y", y.At(tick) + 4}},
             fmt::format("{:.3g}", tick));
  }
  for (const double tick : x.Ticks(5)) {
    svg.Empty("line", {{"class", "tick"},
                       {"x1", x.At(tick)},
                       {"x2", x.At(tick)},
                       {"y1", kBase},
                       {"y2", kBase + 4}});
    svg.Leaf("text", {{"class", "label middle"}, {"x", x.At(tick)}, {"y", kBase + 17}},
             FormatCount(static_cast<uint64_t>(tick)));
  }
  for (const Piece& piece : pieces) {
    const double left = x.At(piece.first), right = x.At(piece.last + 1.0);
    svg.Open("g");
    svg.Open("rect", {{"class", "bar"},
                      {"x", left + 0.25},
                      {"y", y.At(piece.mean)},
                      {"width", std::max(right - left - 0.5, 0.5)},
                      {"height", kBase - y.At(piece.mean)}});
    svg.Leaf("title", {},
             fmt::format("tokens {} to {}: {:.3g}", FormatCount(piece.first),
                         FormatCount(piece.last), piece.mean));
    svg.Close().Close();
  }
  const double mean = y.At(std::min(result.mean.value, y.high));
  svg.Empty(
      "line",
      {{"class", "reference"}, {"x1", kLeft}, {"x2", kWidth - kRight}, {"y1", mean}, {"y2", mean}});
  svg.Empty(
      "line",
      {{"class", "axis"}, {"x1", kLeft}, {"x2", kWidth - kRight}, {"y1", kBase}, {"y2", kBase}});
  svg.Leaf("text", {{"class", "label"}, {"x", kLeft}, {"y", kBase + 36}},
           "token of the text → (mean KL divergence in nats)");
  svg.Close();
  return std::move(svg).Finish();
}

}  // namespace hlwq::eval
