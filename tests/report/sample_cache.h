// A made-up simulation of expert caches.
#pragma once

#include <string>

namespace hlwq::test {

// The page of one, with a name that markup must escape.
std::string SampleCachePage();

}  // namespace hlwq::test
