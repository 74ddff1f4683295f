// What is told about the experts of a mixture: how they are held, and what came of it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "runtime/engine.h"

namespace hlwq::cli {

// "4,870 slots of 2.02 MB (9.8 GB of 20.6 GB), least-stale"; empty for a model without experts.
std::string ExpertsInWords(const runtime::Engine& engine);
// "62.1 % of 40,960 experts were in memory, 31.2 GB read, 12.1 s waited"; empty without a cache.
std::string ExpertUseInWords(const runtime::Engine& engine);
// null without a cache.
nlohmann::json ExpertUseToJson(const runtime::Engine& engine);

}  // namespace hlwq::cli
