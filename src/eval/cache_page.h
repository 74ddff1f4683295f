// The page about what an expert cache would have done.
#pragma once

#include <string>

#include "eval/cache_simulation.h"

namespace hlwq::eval {

// Hit rate against memory, a line for each policy and one for the optimum: one <svg> element.
std::string DrawHitRates(const CacheSimulation& simulation, CacheScope scope);

struct CachePageInput {
  std::string trace_name;  // without folders
  std::string tool_version;
  const CacheSimulation& simulation;
};

// HTML as RenderReportHtml: one whole, well-formed file in the style of the reports. Equal input
// gives equal bytes.
std::string RenderCachePage(const CachePageInput& input);

}  // namespace hlwq::eval
