#include "eval/number_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace hlwq::eval {
namespace {

// Three or four significant digits, enough to compare two sizes by eye.
std::string Scaled(double value, double unit) {
  const double scaled = value / unit;
  return fmt::format("{:.{}f}", scaled, scaled < 99.95 ? 2 : 1);
}

struct Unit {
  double size;
  std::string_view name;
};

std::string MinusSign(std::string text) {
  if (text.starts_with('-')) text.replace(0, 1, "−");
  return text;
}

}  // namespace

std::string CountText(uint64_t count) {
  std::string digits = fmt::format("{}", count);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return digits;
}

std::string BytesText(uint64_t bytes) {
  static constexpr std::array kUnits = {Unit{1e12, "TB"}, Unit{1e9, "GB"}, Unit{1e6, "MB"},
                                        Unit{1e3, "kB"}};
  const auto value = static_cast<double>(bytes);
  for (const Unit& unit : kUnits) {
    if (value >= unit.size) return fmt::format("{} {}", Scaled(value, unit.size), unit.name);
  }
  return fmt::format("{} B", bytes);
}

std::string WeightsText(uint64_t weights) {
  static constexpr std::array kUnits = {Unit{1e12, "T"}, Unit{1e9, "B"}, Unit{1e6, "M"}};
  const auto value = static_cast<double>(weights);
  for (const Unit& unit : kUnits) {
    if (value >= unit.size) return fmt::format("{} {}", Scaled(value, unit.size), unit.name);
  }
  return CountText(weights);
}

std::string PercentText(double share) {
  if (!std::isfinite(share)) return "–";
  const double percent = 100 * share;
  if (percent == 100 || percent == 0) return fmt::format("{:.0f} %", percent);
  return fmt::format("{:.1f} %", percent < 100 ? std::min(percent, 99.9) : percent);
}

std::string SecondsText(double seconds) {
  if (!(seconds >= 0) || !std::isfinite(seconds)) return "–";
  if (seconds < 99.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<uint64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string ShapeText(const Shape& shape) {
  if (shape.empty()) return "scalar";
  return fmt::format("{}", fmt::join(shape, " × "));
}

std::string BitsText(double bits) {
  if (!std::isfinite(bits)) return "–";
  return fmt::format("{:.2f}", bits);
}

std::string SnrText(double snr_db) {
  if (std::isnan(snr_db)) return "all zero";
  if (std::isinf(snr_db)) return snr_db > 0 ? "exact" : "lost";
  return MinusSign(fmt::format("{:.2f}", snr_db));
}

std::string CosineText(double cosine) {
  if (!std::isfinite(cosine)) return "–";
  if (cosine >= 1) return "1";
  int digits = 5;
  for (double gap = 1 - cosine; gap < 1e-4 && digits < 12; gap *= 10) ++digits;
  return MinusSign(fmt::format("{:.{}f}", cosine, digits));
}

std::string ErrorText(double error) {
  if (!std::isfinite(error)) return std::isnan(error) ? "–" : "∞";
  return fmt::format("{:.3g}", error);
}

}  // namespace hlwq::eval
