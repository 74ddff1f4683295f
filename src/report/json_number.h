// Numbers that JSON has no form for.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>

namespace hlwq::report {

// Infinities as "inf" and "-inf", NaN as null.
inline nlohmann::json JsonNumber(double value) {
  if (std::isnan(value)) return nullptr;
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

}  // namespace hlwq::report
