#include "codec/trellis_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "codec/scale_search.h"

namespace hlwq::codec {
namespace {

// What belongs to a width beside its levels.
struct TrellisWidth {
  std::span<const int16_t> positive_levels;
  float grid_units = 1;  // steps of the grid per 1 of levels
  int most_z = 0;
  TrellisSearch fast, normal, best;
};

// Trained by encoding Gaussian groups and taking centroids in turn, then rounded
// (tools/quality/train_trellis.py); the searches fitted to Gaussian groups.
constexpr std::array<int16_t, 4> kLevels2 = {11, 35, 62, 110};
constexpr std::array<int16_t, 8> kLevels3 = {6, 15, 27, 38, 52, 67, 90, 126};
constexpr std::array<int16_t, 16> kLevels4 = {2,  6,  10, 14, 19, 23, 28, 32,
                                              38, 43, 49, 56, 64, 74, 87, 106};
constexpr std::array<int16_t, 32> kLevels5 = {1,  3,  5,  7,  9,  11, 13, 15, 17,  19, 22,
                                              24, 26, 28, 31, 33, 36, 38, 41, 44,  47, 50,
                                              54, 57, 61, 66, 71, 76, 83, 91, 100, 118};
constexpr std::array<int16_t, 64> kLevels6 = {
    16,   49,   82,   115,  148,  180,  213,  245,  279,  312,  345,  376,  410,  443,  476,  509,
    544,  576,  616,  650,  692,  729,  766,  801,  837,  869,  909,  945,  990,  1028, 1069, 1108,
    1150, 1190, 1231, 1273, 1320, 1368, 1418, 1467, 1516, 1564, 1614, 1665, 1715, 1771, 1831, 1891,
    1951, 2015, 2090, 2171, 2253, 2335, 2421, 2521, 2632, 2747, 2876, 3009, 3186, 3348, 3732, 4000};

const TrellisWidth& WidthOf(int bits) {
  static const std::array<TrellisWidth, 5> widths = {{
      {kLevels2, 1, 255, {29, 1, 1}, {10, 7, 7}, {10, 2, 21}},
      {kLevels3, 2, 511, {7, 1, 1}, {-10, 5, 7}, {-19, 2, 21}},
      {kLevels4, 5, 1023, {2, 1, 1}, {-18, 4, 7}, {-30, 2, 21}},
      {kLevels5, 10, 2047, {-14, 1, 1}, {-15, 3, 7}, {-32, 2, 21}},
      {kLevels6, 0.49f, 2047, {-16, 1, 1}, {-31, 5, 7}, {-18, 1, 21}},
  }};
  if (bits < kMinTrellisBits || bits > kMaxTrellisBits) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("codec hlwq-t: want bits in {}..{}, got {}", kMinTrellisBits,
                            kMaxTrellisBits, bits));
  }
  return widths[static_cast<size_t>(bits - kMinTrellisBits)];
}

void CheckLevels(std::span<const float> levels, int bits) {
  const auto fail = [](std::string message) {
    throw Error(ErrorCode::kInvalidArgument, "codec hlwq-t: " + std::move(message));
  };
  const size_t count = size_t{2} << bits;
  if (levels.size() != count) {
    fail(fmt::format("want {} levels for {} bits, got {}", count, bits, levels.size()));
  }
  const float most = bits <= 5 ? 127 : 4095;
  for (size_t i = 0; i < count; ++i) {
    if (!(std::abs(levels[i]) <= most) || levels[i] != std::round(levels[i])) {
      fail(fmt::format("want integer levels within +-{}, got {}", most, levels[i]));
    }
    if (i > 0 && !(levels[i - 1] < levels[i])) {
      fail(fmt::format("want ascending levels, got {} after {}", levels[i], levels[i - 1]));
    }
    if (levels[i] != -levels[count - 1 - i]) {
      fail(fmt::format("want odd-symmetric levels, got {} and {}", levels[i],
                       levels[count - 1 - i]));
    }
  }
}

}  // namespace

std::vector<float> TrellisLevels(std::string_view table, int bits) {
  const TrellisWidth& width = WidthOf(bits);
  if (table != kTableTrellisGauss) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("codec hlwq-t: want table {}, got '{}'", kTableTrellisGauss, table));
  }
  std::vector<float> levels;
  for (auto level = width.positive_levels.rbegin(); level != width.positive_levels.rend();
       ++level) {
    levels.push_back(-static_cast<float>(*level));
  }
  levels.insert(levels.end(), width.positive_levels.begin(), width.positive_levels.end());
  return levels;
}

TrellisSearch TrellisSearchFor(std::string_view effort, int bits) {
  const TrellisWidth& width = WidthOf(bits);
  if (effort == "fast") return width.fast;
  if (effort == "default") return width.normal;
  if (effort == "best") return width.best;
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("codec hlwq-t: want effort fast, default or best, got '{}'", effort));
}

TrellisTable::TrellisTable(std::span<const float> levels, int bits)
    : bits_(bits), levels_(levels.begin(), levels.end()) {
  const TrellisWidth& width = WidthOf(bits);
  CheckLevels(levels, bits);
  row_factor_ = static_cast<float>(std::sqrt(2.0) / largest());
  factor_units_ = 2 * width.grid_units;
  for (const float level : levels_) grid_.push_back(RoundToFixed(level, width.grid_units));
  nearest_.resize(static_cast<size_t>(width.most_z) + 1);
  for (int z = 0; z <= width.most_z; ++z) {
    Nearest& nearest = nearest_[static_cast<size_t>(z)];
    for (size_t subset = 0; subset < kTrellisSubsets; ++subset) {
      int least = INT32_MAX;
      for (size_t i = subset; i < grid_.size(); i += kTrellisSubsets) {
        const int distance = std::abs(z - grid_[i]);
        if (distance >= least) continue;
        least = distance;
        nearest.level[subset] = static_cast<uint8_t>(i);
      }
      least = std::min(least, kMostDistance);
      nearest.distance[subset] = static_cast<uint16_t>(least * least);
    }
  }
}

}  // namespace hlwq::codec
