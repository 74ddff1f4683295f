// Quantization levels for the standard normal distribution, by name (docs/format.md, "Tables").
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace hlwq::codec {

inline constexpr int kMinBits = 1;
inline constexpr int kMaxBits = 8;

// Names that GaussianLevels knows.
inline constexpr std::string_view kTableLloydMax = "lloyd-max";
inline constexpr std::string_view kTablePolarQuantV1 = "polarquant-v1";
inline constexpr std::string_view kTablePolarQuantV1Inf = "polarquant-v1-inf";

// The 2^bits ascending levels of a named table, in float64 before they are rounded to float32. The
// lloyd-max levels are antisymmetric to the bit; the published tables are as their tools make them.
// Throws Error{kUnsupported} for an unknown name, Error{kInvalidArgument} for bits outside 1..8.
// Cost: computed anew on each call (milliseconds).
std::vector<double> ComputeGaussianLevels(std::string_view table, int bits);

// The same as float32: what is stored and what decodes. Computed once per table and width.
// Thread: safe; the span lives as long as the program.
std::span<const float> GaussianLevels(std::string_view table, int bits);

// Mean squared error of coding N(0,1) by nearest level. `levels` ascending.
double GaussianMse(std::span<const double> levels);

}  // namespace hlwq::codec
