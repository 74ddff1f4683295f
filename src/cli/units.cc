#include "cli/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace hlwq::cli {
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

std::string FormatBytes(uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  static constexpr std::array kUnits = {"kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  // 999.5 would round to "1000 kB".
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  const int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", value, decimals, kUnits[unit]);
}

std::string FormatDuration(double seconds) {
  if (!(seconds >= 0)) return "-";
  if (seconds < 9.995) return fmt::format("{:.2f} s", seconds);
  if (seconds < 59.5) return fmt::format("{:.0f} s", seconds);
  const auto whole = static_cast<uint64_t>(std::llround(std::min(seconds, 1e15)));
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  const uint64_t minutes = (whole + 30) / 60;
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string FormatCount(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, 1, ',');
  return digits;
}

}  // namespace hlwq::cli
