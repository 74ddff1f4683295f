#include "study/training/trainer.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory_limit.h"
#include "base/random.h"
#include "base/stopwatch.h"
#include "study/corpus/batches.h"
#include "study/evaluation/evaluate.h"
#include "study/net/net.h"
#include "study/objective/objective.h"
#include "study/training/autocast.h"
#include "study/training/checkpoint.h"
#include "study/training/memory.h"
#include "study/training/optimizer.h"
#include "study/training/run_log.h"

namespace hlwq::study {
namespace {

constexpr uint64_t kValidationSeed = 0x5EED;

class Trainer {
 public:
  Trainer(const StudyConfig& config, const ArmConfig& arm, uint64_t seed, const Corpus& corpus,
          const std::filesystem::path& folder, const TrainOptions& options)
      : config_(config),
        training_(config.training),
        corpus_(corpus),
        folder_(folder),
        options_(options),
        run_{arm.name, seed, config, corpus.vocabulary(), corpus.start(), corpus.hash()},
        net_(OptionsOf(config.model, arm, corpus.vocabulary()), seed, options.device),
        objective_(MakeObjective(arm, corpus.start())),
        optimizer_(net_, config.training, arm.weight_decay),
        order_(corpus.tokens(Split::kTrain), config.model.window, seed) {}

  TrainEnd Run() {
    CheckMemory();
    if (std::filesystem::exists(LastPath())) {
      state_ = LoadCheckpoint(LastPath(), net_, optimizer_, run_);
    }
    saved_step_ = state_.step;
    if (state_.step >= training_.steps) return TrainEnd::kDone;
    RunLog log(folder_ / "log.jsonl", state_.step);
    const Stopwatch watch;
    const double seconds_before = state_.seconds;
    size_t first_step = state_.step;
    double interval_start = 0, outside = 0;  // seconds that were not training
    while (state_.step < training_.steps) {
      const double loss = StepOnce();
      state_.interval_loss += loss;
      ++state_.interval_steps;
      const bool is_last = state_.step == training_.steps;
      state_.seconds = seconds_before + watch.Seconds() - outside;
      if (state_.step % training_.log_every == 0 || is_last) {
        const double mean = state_.interval_loss / static_cast<double>(state_.interval_steps);
        const double now = watch.Seconds() - outside;
        const double speed =
            static_cast<double>((state_.step - first_step) * StepTokens()) / (now - interval_start);
        log.Write({{"step", state_.step},
                   {"tokens", state_.step * StepTokens()},
                   {"loss", mean},
                   {"lr", LearningRate(training_, state_.step - 1)},
                   {"gradient_norm", gradient_norm_},
                   {"tokens_per_second", std::round(speed)}});
        Tell(mean, speed);
        state_.interval_loss = 0;
        state_.interval_steps = 0;
        first_step = state_.step;
        interval_start = now;
      }
      const Stopwatch aside;
      if (state_.step % training_.evaluate_every == 0 || is_last) Validate(log);
      const bool stops = options_.should_stop && options_.should_stop();
      if (state_.step % training_.save_every == 0 || is_last || stops) Save();
      outside += aside.Seconds();
      if (stops && !is_last) return TrainEnd::kStopped;
    }
    return TrainEnd::kDone;
  }

 private:
  const StudyConfig& config_;
  const TrainingConfig& training_;
  const Corpus& corpus_;
  std::filesystem::path folder_;
  const TrainOptions& options_;
  RunIdentity run_;
  Net net_;
  std::unique_ptr<Objective> objective_;
  Optimizer optimizer_;
  BatchOrder order_;
  TrainingState state_;
  size_t saved_step_ = 0;
  double gradient_norm_ = 0;
  double validation_nll_ = 0;
  std::vector<TokenId> batch_;

  std::filesystem::path LastPath() const { return folder_ / "last.safetensors"; }
  size_t StepTokens() const { return training_.batch * config_.model.window; }

  void CheckMemory() const {
    if (options_.device != "cpu") return;  // the device says so itself
    CheckFits(EstimateStep(net_.options(), net_.ParameterCount(), optimizer_.has_averages()),
              training_.batch, training_.accumulation, ReadMemoryLimit().available_bytes);
  }

  // One step on the next batch; returns its loss.
  double StepOnce() {
    const size_t window = config_.model.window;
    const size_t rows = training_.batch / training_.accumulation;
    batch_.clear();
    order_.Append(state_.step * training_.batch, training_.batch, batch_);
    // Dropout's generator has no state of its own either.
    torch::manual_seed(MixBits(run_.seed ^ MixBits(state_.step)) >> 1);
    double loss = 0;
    for (size_t part = 0; part < training_.accumulation; ++part) {
      const TokenGrid grid = {std::span(batch_).subspan(part * rows * window, rows * window), rows,
                              window};
      const Draw draw = {.seed = run_.seed,
                         .step = state_.step,
                         .first_row = part * rows,
                         .batch_rows = training_.batch};
      at::Tensor value;
      {
        const AutocastScope autocast(options_.device, training_.precision);
        value = objective_->Loss(net_, grid, draw, true);
      }
      loss += value.item<double>();
      value.backward();
    }
    std::string broken;
    if (std::isfinite(loss)) gradient_norm_ = optimizer_.Step(state_.step, broken);
    if (!std::isfinite(loss) || !broken.empty()) Refuse(loss, broken);
    ++state_.step;
    return loss;
  }

  [[noreturn]] void Refuse(double loss, std::string broken) const {
    for (const auto& [name, tensor] : net_.parameters()) {
      const bool is_sound = at::isfinite(tensor.detach()).all().item<bool>();
      if (!is_sound) {
        broken = name;
        break;
      }
      if (broken.empty() && tensor.grad().defined() &&
          !at::isfinite(tensor.grad()).all().item<bool>()) {
        broken = "the gradient of " + name;
      }
    }
    const std::string kept =
        std::filesystem::exists(LastPath())
            ? fmt::format("{} of step {} is kept", LastPath().string(), saved_step_)
            : std::string("nothing was saved before");
    throw Error(
        ErrorCode::kNonFinite,
        fmt::format("{}, seed {}: step {}: the loss is {}; not finite: {}; {}", run_.arm, run_.seed,
                    state_.step + 1, std::isnan(loss) ? "nan" : fmt::format("{}", loss),
                    broken.empty() ? "no weight, the loss alone" : broken, kept));
  }

  void Validate(RunLog& log) {
    optimizer_.SwapAverages();
    const Likelihood likelihood = Evaluate(net_, *objective_, corpus_,
                                           {.split = Split::kValidation,
                                            .windows = config_.evaluation.windows,
                                            .noise_samples = config_.evaluation.noise_samples,
                                            .seed = kValidationSeed});
    validation_nll_ = likelihood.nll;
    log.Write({{"step", state_.step},
               {"tokens", state_.step * StepTokens()},
               {"split", "validation"},
               {"nll", likelihood.nll},
               {"se", likelihood.standard_error}});
    if (state_.best_step == 0 || likelihood.nll < state_.best_nll) {
      state_.best_nll = likelihood.nll;
      state_.best_step = state_.step;
      SaveCheckpoint(folder_ / "best.safetensors", net_, nullptr, run_, state_);
    }
    optimizer_.SwapAverages();
  }

  void Save() {
    SaveCheckpoint(LastPath(), net_, &optimizer_, run_, state_);
    saved_step_ = state_.step;
    const nlohmann::json summary = {{"arm", run_.arm},
                                    {"seed", run_.seed},
                                    {"step", state_.step},
                                    {"steps", training_.steps},
                                    {"is_done", state_.step >= training_.steps},
                                    {"parameters", net_.ParameterCount()},
                                    {"best_nll", state_.best_nll},
                                    {"best_step", state_.best_step},
                                    {"seconds", state_.seconds},
                                    {"corpus_hash", run_.corpus_hash}};
    WriteFileAtomically(folder_ / "state.json", DumpJson(summary));
  }

  void Tell(double loss, double speed) const {
    if (!options_.on_progress) return;
    const double left = static_cast<double>((training_.steps - state_.step) * StepTokens());
    options_.on_progress({.step = state_.step,
                          .steps = training_.steps,
                          .loss = loss,
                          .tokens_per_second = speed,
                          .seconds_left = left / speed,
                          .validation_nll = validation_nll_});
  }
};

}  // namespace

TrainEnd Train(const StudyConfig& config, const ArmConfig& arm, uint64_t seed, const Corpus& corpus,
               const std::filesystem::path& folder, const TrainOptions& options) {
  std::filesystem::create_directories(folder);
  try {
    return Trainer(config, arm, seed, corpus, folder, options).Run();
  } catch (const c10::Error& error) {
    const std::string_view text = error.what_without_backtrace();
    const bool is_memory = text.find("memory") != std::string_view::npos;
    if (!is_memory) throw;
    const size_t rows = config.training.batch / config.training.accumulation;
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("{}, seed {}: out of memory with {} windows at a time; {} at a time may "
                    "fit: want training.accumulation {}",
                    arm.name, seed, rows, std::max<size_t>(1, rows / 2),
                    config.training.accumulation * 2));
  }
}

}  // namespace hlwq::study
