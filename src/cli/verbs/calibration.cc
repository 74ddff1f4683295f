#include "cli/verbs/calibration.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "base/number_text.h"
#include "calibrate/estimate.h"
#include "calibrate/propagation.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs/conversion.h"
#include "model/config.h"

namespace hlwq::cli {
namespace {

uint64_t TokensOf(const Arguments& arguments) {
  return static_cast<uint64_t>(arguments.Integer(flag::kCalibrationTokens));
}

model::ModelConfig ConfigOf(const checkpoint::Checkpoint& model) {
  return WithContext(model.root.string() + ": config.json",
                     [&] { return model::ReadModelConfig(model.config); });
}

// About how long it takes, in words.
std::string Estimate(const Arguments& arguments, const checkpoint::Checkpoint& model,
                     bool writes_text, int walks) {
  const model::ModelConfig config = ConfigOf(model);
  const calibrate::CalibrationAmount amount = {
      .tokens = TokensOf(arguments), .writes_text = writes_text, .walks = walks};
  WorkerPool pool(ThreadsOf(arguments));
  return FormatDuration(
      calibrate::SecondsFor(calibrate::WorkOf(model, config.sizes, amount), pool));
}

// A line of progress that begins when there is something to show.
TokenProgressCallback ShowProgress(const Arguments& arguments) {
  return [&arguments,
          printer = std::shared_ptr<ProgressPrinter>()](const TokenProgress& update) mutable {
    if (!printer) printer = std::make_shared<ProgressPrinter>("calibrate", arguments);
    printer->Show(update);
    if (update.tokens_done >= update.tokens_total) printer->Finish();
  };
}

}  // namespace

std::string CalibrationOffer(const Arguments& arguments, const checkpoint::Checkpoint& source,
                             int walks) {
  try {
    // docs/calibration.md.
    const char* left = calibrate::Propagates(ConfigOf(source).sizes) ? "a third" : "half";
    return fmt::format("--calibrate self would take about {} and leave about {} of this loss\n",
                       Estimate(arguments, source, true, walks), left);
  } catch (const Error&) {
    return "";  // a model that is not run
  }
}

std::unique_ptr<calibrate::Run> Calibrate(const Arguments& arguments, checkpoint::Checkpoint model,
                                          const std::filesystem::path& destination, int walks) {
  calibrate::RunOptions options;
  options.text = arguments.Text(flag::kCalibrate);
  options.tokens = TokensOf(arguments);
  options.seed = static_cast<uint64_t>(arguments.Integer(flag::kCalibrationSeed));
  options.threads = ThreadsOf(arguments);
  if (arguments.Switch(flag::kResume)) options.resumed = destination;
  options.scratch = destination;
  options.scratch += ".streams";
  options.on_text = ShowProgress(arguments);
  options.on_layers = ShowProgress(arguments);
  try {
    const bool writes_text = options.text == calibrate::kSelf;
    PrintNote(arguments, fmt::format("calibrating takes about {}",
                                     Estimate(arguments, model, writes_text, walks)));
    return std::make_unique<calibrate::Run>(std::move(model), options);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported) throw;
    throw Error(error.code(),
                fmt::format("{} (without --calibrate the model is not run)", error.what()));
  }
}

}  // namespace hlwq::cli
