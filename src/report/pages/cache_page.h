// The page about what an expert cache would have done.
#pragma once

#include <string>

#include "report/cache_simulation.h"

namespace hlwq::report {

struct CachePageInput {
  std::string trace_name;  // without folders
  std::string tool_version;
  const CacheSimulation& simulation;
};

// HTML as RenderTensorPage: one whole, well-formed file in the style of the reports. Equal input
// gives equal bytes.
std::string RenderCachePage(const CachePageInput& input);

}  // namespace hlwq::report
