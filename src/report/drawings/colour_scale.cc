#include "report/drawings/colour_scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace hlwq::report {
namespace {

using LinearRgb = std::array<double, 3>;

// OKLab to linear sRGB (Ottosson, "A perceptual color space for image processing", 2020).
LinearRgb OklabToLinear(double lightness, double a, double b) {
  const double l = std::pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
  const double m = std::pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
  const double s = std::pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
  return {4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
          -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
          -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
}

bool IsInGamut(const LinearRgb& rgb) {
  return std::ranges::all_of(rgb, [](double v) { return v >= -1e-4 && v <= 1.0001; });
}

uint8_t Encode(double linear) {
  const double v = std::clamp(linear, 0.0, 1.0);
  const double encoded = v <= 0.0031308 ? 12.92 * v : 1.055 * std::pow(v, 1 / 2.4) - 0.055;
  return static_cast<uint8_t>(std::lround(255 * encoded));
}

double Decode(uint8_t encoded) {
  const double v = encoded / 255.0;
  return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
}

}  // namespace

std::string Colour::Hex() const { return fmt::format("#{:02x}{:02x}{:02x}", red, green, blue); }

double Colour::Luminance() const {
  return 0.2126 * Decode(red) + 0.7152 * Decode(green) + 0.0722 * Decode(blue);
}

Colour FromOklch(double lightness, double chroma, double hue_degrees) {
  const double hue = hue_degrees * std::numbers::pi / 180;
  LinearRgb rgb{};
  for (double c = chroma; c > -1e-9; c -= 0.004) {
    rgb = OklabToLinear(lightness, c * std::cos(hue), c * std::sin(hue));
    if (IsInGamut(rgb)) break;
  }
  return {Encode(rgb[0]), Encode(rgb[1]), Encode(rgb[2])};
}

Colour SequentialColour(double t) {
  const double at = std::clamp(t, 0.0, 1.0);
  // Less chroma in the middle: teal and green would otherwise shout.
  const double chroma = 0.14 - 0.16 * at * (1 - at) + 0.02 * at;
  return FromOklch(0.33 + 0.56 * at, chroma, 308 - 203 * at);
}

}  // namespace hlwq::report
