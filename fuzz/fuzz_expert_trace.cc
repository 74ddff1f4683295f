// Traces of routing, from any bytes: a trace within its bounds that every cache can be replayed on, or
// an Error with the number of a line.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "eval/cache_simulation.h"

using namespace hlwq;

namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckBounds(const eval::ExpertTrace& trace) {
  Check(!trace.requests.empty() &&
        uint64_t{trace.layers} * trace.experts <= eval::kMaxTraceExperts);
  size_t first = 0;
  for (const eval::ExpertRequest& request : trace.requests) {
    Check(request.layer < trace.layers && request.first == first && request.count > 0);
    first += request.count;
    int before = -1;
    for (const uint16_t expert : trace.ExpertsOf(request)) {
      Check(expert > before && expert < trace.experts);
      before = expert;
    }
  }
  Check(first == trace.ids.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const eval::ExpertTrace trace =
        eval::ParseExpertTrace({reinterpret_cast<const char*>(data), size});
    CheckBounds(trace);
    if (uint64_t{trace.layers} * trace.experts > 4096) return 0;  // correct, but slow to try
    const report::CacheSimulation simulation =
        eval::SimulateCaches(trace, {1, static_cast<uint32_t>(trace.experts)}, 1);
    Check(simulation.uses == trace.ids.size());
    for (const auto& of_scope : simulation.sizes.back().hits) {
      for (const uint64_t hits : of_scope) Check(hits == simulation.uses - simulation.distinct);
    }
  } catch (const Error& error) {
    Check(std::string_view(error.what()).starts_with("line "));
  }
  return 0;
}
