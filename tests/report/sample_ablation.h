// A made-up ablation.
#pragma once

#include <string>

#include "report/pages/ablation_page.h"

namespace hlwq::test {

// The same on every call.
report::Ablation SampleAblation();

// The page of it, with names that markup must escape.
std::string SampleAblationPage();

}  // namespace hlwq::test
