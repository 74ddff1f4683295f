// hlwq cache-sim: what an expert cache would have done for a recorded routing.
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/number_list.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "cli/verbs/report_page.h"
#include "eval/cache_simulation.h"
#include "hlwq/version.h"
#include "report/pages/cache_page.h"

namespace hlwq::cli {
namespace {

std::vector<uint32_t> Sizes(const Arguments& arguments, uint32_t experts) {
  const auto text = arguments.FindText(flag::kSizes);
  if (!text) return eval::DefaultCacheSizes(experts);
  const std::vector<int> sizes = ParseNumberList("sizes", *text, static_cast<int>(experts));
  return {sizes.begin(), sizes.end()};
}

}  // namespace

int RunCacheSim(const Arguments& arguments) {
  const std::string path = arguments.Operand("TRACE");
  const auto page = arguments.FindText(flag::kReport);
  if (page) CheckPagePath(*page);
  const eval::ExpertTrace trace = eval::ReadExpertTrace(path);
  const report::CacheSimulation simulation = eval::SimulateCaches(
      trace, Sizes(arguments, trace.experts), static_cast<int>(arguments.Integer(flag::kThreads)));
  if (page) {
    WriteFileAtomically(*page, report::RenderCachePage({.trace_name = LastName(path),
                                                        .tool_version = kVersion,
                                                        .simulation = simulation}));
  }
  if (arguments.json()) {
    nlohmann::json json = report::CacheSimulationToJson(simulation);
    json["file"] = path;
    PrintJson(json);
  } else {
    Stream::Out().Write(report::CacheSimulationToText(simulation, LayoutFor(Stream::Out())));
  }
  return 0;
}

}  // namespace hlwq::cli
