// The colours of figures: a sequential scale that is even to the eye.
#pragma once

#include <cstdint>
#include <string>

namespace hlwq::report {

struct Colour {
  uint8_t red = 0;
  uint8_t green = 0;
  uint8_t blue = 0;

  std::string Hex() const;  // "#1f3b70"
  // Relative luminance of WCAG 2, 0..1: decides whether text on it is dark or light.
  double Luminance() const;
};

// A colour of the OKLCH space (lightness 0..1, chroma, hue in degrees), its chroma reduced until it
// fits sRGB.
Colour FromOklch(double lightness, double chroma, double hue_degrees);

// From violet (0) over teal to yellow (1). OKLab lightness rises linearly, so that equal steps of
// `t` look equal, in grey print and to colour-blind eyes too; both ends stand out from white and
// from near-black paper. `t` is clamped; it must not be NaN.
Colour SequentialColour(double t);

}  // namespace hlwq::report
