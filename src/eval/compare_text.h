// The result of a comparison for terminals and for programs.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/terminal_text.h"
#include "eval/compare.h"

namespace hlwq::eval {

// The `worst` tensors, a summary by role, what could not be compared, totals.
std::string CompareToText(const CompareResult& result, const TextLayout& layout = {},
                          size_t worst = 20);

// Everything. Numbers that are not finite are "inf", "-inf"; the SNR of all-zero tensors is null.
nlohmann::json CompareToJson(const CompareResult& result);

}  // namespace hlwq::eval
