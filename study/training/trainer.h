// Trains one net of the study, from where it was left.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

#include "study/config/config.h"
#include "study/corpus/corpus.h"

namespace hlwq::study {

struct TrainProgress {
  size_t step = 0, steps = 0;
  double loss = 0;               // the mean since the last one, nats a token
  double tokens_per_second = 0;  // of training alone
  double seconds_left = 0;       // of this net
  double validation_nll = 0;     // the newest; 0: none yet
};

struct TrainOptions {
  std::string device = "cpu";
  std::function<void(const TrainProgress&)> on_progress = {};  // may be empty
  std::function<bool()> should_stop = {};  // asked after each step; then the state is saved
};

enum class TrainEnd { kDone, kStopped };

// Writes `folder`: log.jsonl, last.safetensors (to go on from), best.safetensors (weights of the best validation so
// far, averaged where there is an average) and state.json (a summary for people and reports). What is done already is
// not done again. A run that was killed at any moment and goes on gives the losses, to the last bit, of one that was
// not, on the same machine with the same number of threads.
// Throws Error{kNonFinite} naming step and tensor when a loss is not a number: last.safetensors is then of the step
// that its message names. Throws as LoadCheckpoint and CheckFits, Error{kIo} where the disk is full.
TrainEnd Train(const StudyConfig& config, const ArmConfig& arm, uint64_t seed, const Corpus& corpus,
               const std::filesystem::path& folder, const TrainOptions& options);

}  // namespace hlwq::study
