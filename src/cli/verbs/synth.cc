// hlwq synth: a checkpoint of a model's true shapes with random weights.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/open_synthetic.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/verbs/conversion.h"
#include "cli/verbs/quantize_options.h"
#include "convert/dequantize.h"
#include "convert/quantize.h"

namespace hlwq::cli {
namespace {

convert::JobResult Write(const Arguments& arguments, const checkpoint::Checkpoint& source,
                         const std::filesystem::path& destination, ProgressPrinter& progress) {
  if (arguments.Text(flag::kFormat) == "polar_state") {
    convert::QuantizeOptions options;
    options.codec = CodecOf(arguments);
    options.recipe.recipe = arguments.Text(flag::kRecipe);
    options.recipe.bits = options.codec.bits;
    options.output = OutputOptionsOf(arguments, progress);
    return convert::Quantize(source, destination, options, DefaultBackend()).job;
  }
  convert::DequantizeOptions options;
  options.operation = "synth";
  options.output = OutputOptionsOf(arguments, progress);
  return convert::Dequantize(source, destination, options, DefaultBackend()).job;
}

}  // namespace

int RunSynth(const Arguments& arguments) {
  const std::filesystem::path path = arguments.Operand("CONFIG");
  const std::filesystem::path destination = arguments.Operand("DST");
  const nlohmann::json config = ReadConfig(path);
  const checkpoint::Checkpoint source = WithContext(path.string(), [&] {
    return checkpoint::OpenSynthetic(config, static_cast<uint64_t>(arguments.Integer(flag::kSeed)),
                                     static_cast<int>(arguments.Integer(flag::kLayers)),
                                     arguments.Number(flag::kZipf));
  });
  ProgressPrinter progress("synth", arguments);
  const convert::JobResult result = Write(arguments, source, destination, progress);
  progress.Finish();
  if (arguments.json()) PrintJson(JobToJson(result, destination, source.notes));
  PrintSummary(arguments, RenderJob(result, destination));
  return 0;
}

}  // namespace hlwq::cli
