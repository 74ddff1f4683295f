#include "base/number_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

namespace hlwq {
namespace {

constexpr std::string_view kPrefixes = "KMGTP";

char Upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// The multiplier of "", "B", "K", "KB", "KiB", ...; 0 for anything else.
double UnitMultiplier(std::string_view unit) noexcept {
  if (unit.empty() || (unit.size() == 1 && Upper(unit[0]) == 'B')) return 1;
  const size_t power = kPrefixes.find(Upper(unit[0]));
  if (power == std::string_view::npos) return 0;
  unit.remove_prefix(1);
  double base = 1000;
  if (!unit.empty() && Upper(unit[0]) == 'I') {
    base = 1024;
    unit.remove_prefix(1);
    if (unit.empty()) return 0;
  }
  if (!unit.empty() && (unit.size() != 1 || Upper(unit[0]) != 'B')) return 0;
  return std::pow(base, static_cast<double>(power + 1));
}

// `value`, at least 1, in the unit whose number stays below 1000 once it is rounded to `digits`.
std::string Scaled(double value, int digits, std::span<const std::string_view> units) {
  // Half of the last digit: 999.5 would round to "1000" at three of them.
  const auto rounds_up_to = [digits](double limit) {
    return limit - 0.5 * limit * std::pow(10.0, -digits);
  };
  size_t unit = 0;
  while (value >= rounds_up_to(1000) && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  const int whole_digits = value >= rounds_up_to(100) ? 3 : value >= rounds_up_to(10) ? 2 : 1;
  return fmt::format("{:.{}f} {}", value, std::max(digits - whole_digits, 0), units[unit]);
}

std::string MinusSign(std::string text) {
  if (text.starts_with('-')) text.replace(0, 1, "−");
  return text;
}

}  // namespace

std::optional<uint64_t> ParseBytes(std::string_view text) noexcept {
  double value = 0;
  const auto [rest, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(value) || value < 0) return std::nullopt;
  std::string_view unit(rest, static_cast<size_t>(text.data() + text.size() - rest));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  const double multiplier = UnitMultiplier(unit);
  const double bytes = value * multiplier;
  if (multiplier == 0 || bytes >= 0x1p63) return std::nullopt;
  return static_cast<uint64_t>(std::llround(bytes));
}

std::string FormatCount(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, 1, ',');
  return digits;
}

std::string FormatBytes(uint64_t bytes, int digits) {
  static constexpr std::array<std::string_view, 6> kUnits = {"kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  return Scaled(static_cast<double>(bytes) / 1e3, digits, kUnits);
}

std::string FormatWeights(uint64_t weights) {
  static constexpr std::array<std::string_view, 3> kUnits = {"M", "B", "T"};
  if (weights < 1'000'000) return FormatCount(weights);
  return Scaled(static_cast<double>(weights) / 1e6, 4, kUnits);
}

std::string FormatPercent(double share) {
  if (!std::isfinite(share)) return "–";
  const double percent = 100 * share;
  if (percent == 100 || percent == 0) return fmt::format("{:.0f} %", percent);
  return fmt::format("{:.1f} %", percent < 100 ? std::min(percent, 99.9) : percent);
}

std::string FormatDuration(double seconds) {
  if (!(seconds >= 0) || !std::isfinite(seconds)) return "–";
  if (seconds < 9.995) return fmt::format("{:.2f} s", seconds);
  if (seconds < 59.5) return fmt::format("{:.0f} s", seconds);
  const auto whole = static_cast<uint64_t>(std::llround(std::min(seconds, 1e15)));
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  const uint64_t minutes = (whole + 30) / 60;
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string FormatBits(double bits) {
  if (!std::isfinite(bits)) return "–";
  return fmt::format("{:.2f}", bits);
}

std::string FormatSnr(double snr_db) {
  if (std::isnan(snr_db)) return "all zero";
  if (std::isinf(snr_db)) return snr_db > 0 ? "exact" : "lost";
  return MinusSign(fmt::format("{:.2f}", snr_db));
}

std::string FormatCosine(double cosine) {
  if (!std::isfinite(cosine)) return "–";
  if (cosine >= 1) return "1";
  int digits = 5;
  for (double gap = 1 - cosine; gap < 1e-4 && digits < 12; gap *= 10) ++digits;
  return MinusSign(fmt::format("{:.{}f}", cosine, digits));
}

std::string FormatError(double error) {
  if (!std::isfinite(error)) return std::isnan(error) ? "–" : "∞";
  return fmt::format("{:.3g}", error);
}

}  // namespace hlwq
