// The drawings of the page about the divergence of two models, one function and one file each. Each
// gives one <svg> element, or an empty string where there are too few tokens to draw.
#pragma once

#include <string>

#include "report/kld.h"

namespace hlwq::report {

// A logarithmic axis from 10^low to 10^high, whole decades.
struct Decades {
  int low = -6;
  int high = 1;
};
// Those that hold the divergences from the 1 % percentile to the largest; at most eight.
Decades DecadesOf(const KldResult& result);
// log10 of a divergence, moved to the ends of the axis where it lies beyond.
double OnAxis(double kl, const Decades& decades) noexcept;
// "10⁻³", "1", "10".
std::string DecadeLabel(int power);

// How many tokens have which divergence.
std::string DrawKlHistogram(const KldResult& result);

// Median and 90 % of the divergences of tokens of like entropy under the reference.
std::string DrawKlByEntropy(const KldResult& result);

// The mean divergence of consecutive pieces of the text.
std::string DrawKlAlongText(const KldResult& result);

}  // namespace hlwq::report
