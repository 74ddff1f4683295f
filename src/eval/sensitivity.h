// How much an error in each matrix matters to what the model says, without data: probes are made of
// random tokens, which the model itself continues.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "checkpoint/checkpoint.h"
#include "eval/round_trips.h"
#include "runtime/engine.h"

namespace hlwq::eval {

inline constexpr std::array kOwnTemperature = {1.0f};

struct ProbeOptions {
  size_t sequences = 4;
  size_t tokens = 64;  // of each sequence
  uint64_t seed = 1;
  std::span<const float> temperatures = kOwnTemperature;  // of the sequences in turn; borrowed
};

// Token ids [sequences * tokens]: each sequence begins with a random token and goes on with what the
// model gives, sampled from its own distribution (no filters, no end).
std::vector<runtime::TokenId> MakeProbes(runtime::Engine& engine, const ProbeOptions& options);

// For each layer, the mean squared length of what it adds to the residual stream over that of the
// stream it leaves, [layers]. Cost: one pass over the probes.
std::vector<double> MeasureResidualShares(runtime::Engine& engine,
                                          const std::vector<runtime::TokenId>& probes,
                                          const ProbeOptions& options);

struct DivergenceOptions {
  ProbeOptions probes;
  // What coding does to a tensor (an index into the checkpoint's tensors). Asked for when its group is
  // coded, alone: groups of layers in the order of the layers, then the others in theirs.
  std::function<SharedChange(size_t tensor)> change;
  // Takes the errors that the groups of a layer leave in the residual stream through the layers after it
  // all at once, and shares out what they do by their squared lengths: as many passes as there are
  // layers, and not groups. An estimate, exact where a layer has one group.
  bool shares_layers = false;
  int threads = 0;
  TokenProgressCallback progress;
};

// For each group of tensors (indices into the checkpoint's tensors) the mean KL divergence, in nats a
// token, of the model with these tensors coded and all others as they are from the model as it is.
// `open` opens the checkpoint, once for each group.
//
// Goes through the model layer by layer, with the residual streams of all groups that lie in one layer or
// are the head: what is before them is computed once, and weights are read once however many groups
// there are, which is what lets a mixture larger than the memory be measured. Other groups, tied
// embeddings among them, take a pass of their own each. Cost: for a group a pass over the probes through
// the layers after it. Memory: the logits of the probes, their residual stream for each group, and one
// group as float32. Throws as Engine.
std::vector<double> MeasureDivergences(const std::function<checkpoint::Checkpoint()>& open,
                                       const std::vector<std::vector<size_t>>& groups,
                                       const std::vector<runtime::TokenId>& probes,
                                       const DivergenceOptions& options);

}  // namespace hlwq::eval
