// The drawing of what expert caches would have done.
#pragma once

#include <string>

#include "report/cache_simulation.h"

namespace hlwq::report {

// Hit rate against memory, a line for each policy and one for the optimum: one <svg> element.
std::string DrawHitRates(const CacheSimulation& simulation, CacheScope scope);

}  // namespace hlwq::report
