// Checkpoints of training: one safetensors file with everything to go on from, so that it is either all there or not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "study/config/config.h"
#include "study/net/net.h"
#include "study/training/optimizer.h"

namespace hlwq::study {

// Where training stands. Random numbers and the order of the data depend on seed and step alone (noise.h, batches.h):
// they have no other state.
struct TrainingState {
  size_t step = 0;           // steps done
  double best_nll = 0;       // of validation so far, nats a token
  size_t best_step = 0;      // 0: there was none
  double seconds = 0;        // of training so far
  double interval_loss = 0;  // summed since the last line of the log
  size_t interval_steps = 0;
};

// What a checkpoint belongs to.
struct RunIdentity {
  std::string arm;
  uint64_t seed = 0;
  StudyConfig config;
  size_t vocabulary = 0;
  TokenId start = 0;  // that an autoregressive net begins with
  std::string corpus_hash;
};

// Weights alone where `optimizer` is null. Throws as WriteArrays: what was there before is then still there.
void SaveCheckpoint(const std::filesystem::path& path, const Net& net, const Optimizer* optimizer,
                    const RunIdentity& run, const TrainingState& state);

// Fills net and optimizer. Throws Error{kSourceChanged} where it belongs to another configuration (naming the first
// key that differs), seed or corpus, and Error{kInvalidData} where a tensor is missing or of another shape.
TrainingState LoadCheckpoint(const std::filesystem::path& path, const Net& net,
                             Optimizer& optimizer, const RunIdentity& run);

// A net from a checkpoint alone, with its averaged weights where there are any.
struct LoadedNet {
  Net net;
  RunIdentity run;
  ArmConfig arm;
  TrainingState state;
};
// Throws Error{kInvalidData} for a file that is no checkpoint, or was damaged.
LoadedNet LoadNet(const std::filesystem::path& path, const std::string& device = "cpu");

}  // namespace hlwq::study
