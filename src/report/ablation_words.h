// The words and numbers that the table and the page of an ablation share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/ablation.h"

namespace hlwq::report {

std::string FormatBitsExactly(double bits);            // "5.552"
std::string FormatZ(const Estimate& difference);       // "−3.1"
std::string_view Verdict(const Estimate& difference);  // "real", "not resolved"
std::string FormatShare(const Estimate& share);        // "97.2 ± 1.1 %"
// What was coded and how, a sentence each.
std::vector<std::string> AblationNotes(const Ablation& ablation);

}  // namespace hlwq::report
