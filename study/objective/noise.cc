#include "study/objective/noise.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/random.h"

namespace hlwq::study {
namespace {

constexpr double kHalfPi = std::numbers::pi / 2;
// Streams of one seed.
constexpr uint64_t kShiftStream = 1, kRowStream = 2;

CounterRandom RowRandom(const Draw& draw, size_t row) {
  return CounterRandom(MixBits(draw.seed ^ MixBits(draw.step)), MixBits(kRowStream) + row);
}

// In (0, 1]; row r of n in its own n-th part, shifted alike.
double StratifiedTime(double shift, size_t row, size_t rows) {
  const double n = static_cast<double>(rows);
  const double t = (static_cast<double>(row) + shift) / n;
  return std::max(t, 0x1p-53);
}

double BatchShift(const Draw& draw) {
  return CounterRandom(MixBits(draw.seed ^ MixBits(draw.step)), kShiftStream).Uniform();
}

void MaskAtTime(Corruption& made, size_t row, size_t length, double t, NoiseSchedule schedule,
                TokenId mask, CounterRandom& random) {
  const double rate = MaskRate(schedule, t);
  made.times[row] = t;
  made.weights[row] = NelboWeight(schedule, t);
  for (size_t place = row * length; place < (row + 1) * length; ++place) {
    if (random.Uniform() < rate) {
      made.tokens[place] = mask;
      made.masked.push_back(static_cast<int64_t>(place));
    }
  }
}

Corruption Unmasked(std::span<const TokenId> windows, size_t rows) {
  return {.tokens = std::vector<TokenId>(windows.begin(), windows.end()),
          .times = std::vector<double>(rows, 1.0),
          .weights = std::vector<double>(rows, 0.0)};
}

}  // namespace

double MaskRate(NoiseSchedule schedule, double t) noexcept {
  if (schedule == NoiseSchedule::kLinear) return t;
  const double quarter = std::sin(kHalfPi * t / 2);
  return 2 * quarter * quarter;  // 1 - cos(pi t / 2), without cancellation
}

double TimeOfRate(NoiseSchedule schedule, double rate) noexcept {
  if (schedule == NoiseSchedule::kLinear) return rate;
  return std::acos(1 - rate) / kHalfPi;
}

double NelboWeight(NoiseSchedule schedule, double t) noexcept {
  if (schedule == NoiseSchedule::kLinear) return 1 / t;
  return kHalfPi * std::sin(kHalfPi * t) / MaskRate(schedule, t);
}

Corruption Corrupt(std::span<const TokenId> windows, size_t length, NoiseSchedule schedule,
                   TokenId mask, const Draw& draw) {
  const size_t rows = windows.size() / length;
  const size_t batch_rows = draw.batch_rows == 0 ? rows : draw.batch_rows;
  const double shift = BatchShift(draw);
  Corruption made = Unmasked(windows, rows);
  for (size_t row = 0; row < rows; ++row) {
    CounterRandom random = RowRandom(draw, draw.first_row + row);
    MaskAtTime(made, row, length, StratifiedTime(shift, draw.first_row + row, batch_rows), schedule,
               mask, random);
  }
  return made;
}

Corruption CorruptForEvaluation(std::span<const TokenId> window, size_t samples,
                                NoiseSchedule schedule, TokenId mask, bool sees_time,
                                const Draw& draw) {
  const size_t length = window.size();
  std::vector<TokenId> rows;
  rows.reserve(samples * length);
  for (size_t row = 0; row < samples; ++row) rows.insert(rows.end(), window.begin(), window.end());
  Corruption made = Unmasked(rows, samples);
  const double shift = BatchShift(draw);
  std::vector<size_t> places(length);
  for (size_t row = 0; row < samples; ++row) {
    CounterRandom random = RowRandom(draw, row);
    const double t = StratifiedTime(shift, row, samples);
    if (sees_time) {
      MaskAtTime(made, row, length, t, schedule, mask, random);
      continue;
    }
    const size_t count = std::min(length, static_cast<size_t>(t * static_cast<double>(length)) + 1);
    std::iota(places.begin(), places.end(), size_t{0});
    for (size_t chosen = 0; chosen < count; ++chosen) {
      std::swap(places[chosen], places[chosen + random.Below(length - chosen)]);
    }
    std::sort(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(count));
    for (size_t chosen = 0; chosen < count; ++chosen) {
      made.tokens[row * length + places[chosen]] = mask;
      made.masked.push_back(static_cast<int64_t>(row * length + places[chosen]));
    }
    made.times[row] = static_cast<double>(count) / static_cast<double>(length);
    made.weights[row] = static_cast<double>(length) / static_cast<double>(count);
  }
  return made;
}

}  // namespace hlwq::study
