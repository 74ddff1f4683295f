// hlwq plan: what quantize would do, from shapes alone.
#include "convert/plan.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "cli/verbs/conversion.h"
#include "cli/verbs/quantize_options.h"

namespace hlwq::cli {
namespace {

// A config.json, or a checkpoint of any format.
convert::PlanInput ReadInput(const std::filesystem::path& path) {
  if (path.extension() == ".json") {
    return convert::PlanInputFromConfig(ReadConfig(path), path.string());
  }
  return convert::PlanInputFromCheckpoint(checkpoint::OpenCheckpoint(path));
}

// The sizes of the expert cache to tell about.
std::vector<convert::CacheMemory> CachesOf(const Arguments& arguments,
                                           const convert::QuantizePlan& plan) {
  const auto slots = arguments.FindInteger(flag::kExpertCacheSize);
  const bool has_bytes = arguments.Has(flag::kExpertCacheBytes);
  if (!plan.run_memory) {
    if (!slots && !has_bytes) return {};
    throw Error(ErrorCode::kInvalidArgument,
                plan.source + ": expert cache: want a model with experts, got one without");
  }
  if (slots) return {convert::SlotMemory(*plan.run_memory, static_cast<uint64_t>(*slots))};
  if (has_bytes) {
    return {convert::PoolMemory(*plan.run_memory, arguments.Bytes(flag::kExpertCacheBytes))};
  }
  return convert::CacheMemories(*plan.run_memory);
}

}  // namespace

int RunPlan(const Arguments& arguments) {
  const convert::PlanInput input = ReadInput(arguments.Operand("SRC"));
  const convert::QuantizePlan plan = PlanQuantize(arguments, input, RecipeOptionsOf(arguments));
  const std::vector<convert::CacheMemory> caches = CachesOf(arguments, plan);
  if (arguments.json()) {
    PrintJson(convert::PlanToJson(plan, caches));
  } else {
    Stream::Out().Write(convert::RenderPlan(plan, LayoutFor(Stream::Out()), caches));
  }
  return 0;
}

}  // namespace hlwq::cli
