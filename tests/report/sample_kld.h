// Made-up comparisons of two models.
#pragma once

#include "report/pages/kld_page.h"

namespace hlwq::test {

// `tokens` tokens whose divergences grow with the entropy, as those of real models do; the same on
// every call.
report::KldResult SampleKld(size_t tokens);

// The page of one, with names that markup must escape.
std::string SampleKldPage();

}  // namespace hlwq::test
