#include "report/drawings/kld_drawings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hlwq::report {
namespace {

constexpr int kMostDecades = 8;
constexpr int kLeastPower = -12;  // of what is drawn: below are rounding errors

}  // namespace

Decades DecadesOf(const KldResult& result) {
  std::vector<double> kl;
  for (const TokenError& token : result.tokens) kl.push_back(token.kl);
  if (kl.empty()) return {};
  std::ranges::sort(kl);
  const auto power = [](double value) {
    return std::log10(std::max(value, std::pow(10, kLeastPower)));
  };
  Decades decades;
  decades.high = static_cast<int>(std::ceil(power(kl.back())));
  decades.low = static_cast<int>(std::floor(power(Percentile(kl, 0.01))));
  decades.low = std::clamp(decades.low, decades.high - kMostDecades, decades.high - 1);
  return decades;
}

double OnAxis(double kl, const Decades& decades) noexcept {
  if (!(kl > 0)) return decades.low;
  return std::clamp(std::log10(kl), static_cast<double>(decades.low),
                    static_cast<double>(decades.high));
}

std::string DecadeLabel(int power) {
  if (power == 0) return "1";
  if (power == 1) return "10";
  static constexpr const char* kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string label = power < 0 ? "10⁻" : "10";
  for (const char digit : fmt::format("{}", std::abs(power))) label += kDigits[digit - '0'];
  return label;
}

}  // namespace hlwq::report
