// hlwq plan: what quantize would do, from shapes alone.
#include "convert/plan.h"

#include <filesystem>
#include <nlohmann/json.hpp>

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

}  // namespace

int RunPlan(const Arguments& arguments) {
  const convert::PlanInput input = ReadInput(arguments.Operand("SRC"));
  const convert::QuantizePlan plan = PlanQuantize(arguments, input, RecipeOptionsOf(arguments));
  if (arguments.json()) {
    PrintJson(convert::PlanToJson(plan));
  } else {
    Stream::Out().Write(convert::RenderPlan(plan, LayoutFor(Stream::Out())));
  }
  return 0;
}

}  // namespace hlwq::cli
