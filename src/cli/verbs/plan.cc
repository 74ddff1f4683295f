// hlwq plan: what quantize would do, from shapes alone.
#include "convert/plan.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "cli/checkpoint_source.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "cli/verbs/conversion.h"
#include "cli/verbs/plan_memory.h"
#include "cli/verbs/quantize_options.h"

namespace hlwq::cli {
namespace {

struct Source {
  convert::PlanInput input;
  nlohmann::json config;  // null where there is none
};

// A config.json, or a checkpoint of any format.
Source ReadSource(const Arguments& arguments) {
  const std::string operand = arguments.Operand("SRC");
  const std::filesystem::path path = operand;
  if (path.extension() == ".json") {
    nlohmann::json config = ReadConfig(path);
    convert::PlanInput input = convert::PlanInputFromConfig(config, path.string());
    return {std::move(input), std::move(config)};
  }
  const checkpoint::Checkpoint checkpoint = OpenSource(arguments, operand);
  return {convert::PlanInputFromCheckpoint(checkpoint), checkpoint.config};
}

bool WantsCache(const Arguments& arguments) {
  return arguments.Has(flag::kExpertCacheSize) || arguments.Has(flag::kExpertCacheBytes);
}

// The sizes of the expert cache to tell about.
std::vector<CacheMemory> CachesOf(const Arguments& arguments, const convert::QuantizePlan& plan,
                                  const std::optional<PlanMemory>& memory) {
  if (!memory && !WantsCache(arguments)) return {};
  if (!memory) {
    throw Error(ErrorCode::kInvalidArgument,
                plan.source + ": expert cache: want a model with experts, got one without");
  }
  if (const auto slots = arguments.FindInteger(flag::kExpertCacheSize)) {
    return {SlotMemory(*memory, static_cast<uint64_t>(*slots))};
  }
  if (arguments.Has(flag::kExpertCacheBytes)) {
    return {PoolMemory(*memory, arguments.Bytes(flag::kExpertCacheBytes))};
  }
  return CacheMemories(*memory);
}

}  // namespace

int RunPlan(const Arguments& arguments) {
  const Source source = ReadSource(arguments);
  convert::QuantizePlan plan = PlanQuantize(arguments, source.input, RecipeOptionsOf(arguments));
  const std::optional<PlanMemory> memory =
      WantsCache(arguments) ? FindPlanMemory(source.config, plan, KvFormatOf(arguments))
                            : PlanMemoryOrNote(source.config, plan, KvFormatOf(arguments));
  const std::vector<CacheMemory> caches = CachesOf(arguments, plan, memory);
  if (arguments.json()) {
    PrintJson(PlanToJson(plan, memory, caches));
    return 0;
  }
  const TextLayout layout = LayoutFor(Stream::Out());
  std::string text = convert::RenderPlan(plan, layout);
  if (memory) text += "\n" + RenderPlanMemory(*memory, caches, layout);
  Stream::Out().Write(text);
  return 0;
}

}  // namespace hlwq::cli
