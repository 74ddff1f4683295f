// A model run layer by layer over many sequences, so that one layer's weights are enough in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "calibrate/self_text.h"
#include "calibrate/token_streams.h"
#include "model/layer.h"
#include "runtime/engine.h"

namespace hlwq::calibrate {

size_t CountTokens(const TokenSequences& sequences) noexcept;

// Tokens that went through a layer together, and what it left of them.
struct WalkPass {
  size_t first_token = 0;  // among those of all sequences
  size_t tokens = 0;
  std::span<const float> stream;  // [tokens, hidden]
};
using OnPass = FunctionRef<void(const WalkPass& pass)>;

// Borrows the engine and the sequences, each of more than model::kShortSegment tokens. Throws as
// Engine::StepLayers and TokenStreams.
class LayerWalk {
 public:
  LayerWalk(runtime::Engine& engine, const TokenSequences& sequences,
            const std::filesystem::path& scratch, uint64_t most_bytes = kMostStreamBytes);

  // The layer that Next runs; as many as there are: they are done.
  size_t layer() const noexcept { return layer_; }
  // What the last layer left of all tokens. @pre layer() > 0
  const TokenStreams& streams() const noexcept { return streams_; }
  // Takes all tokens through it. The observers are called pass by pass, then `on_pass`.
  void Next(const runtime::LayerObservers& observers, OnPass on_pass);
  // The same, but stays where it is.
  void Try(const runtime::LayerObservers& observers, OnPass on_pass);
  // After the last layer: what the head reads, [tokens, hidden] of each pass.
  void ToHead(FunctionRef<void(std::span<const float> inputs)> on_inputs);

 private:
  runtime::Engine& engine_;
  const TokenSequences& sequences_;
  size_t layer_ = 0;
  TokenStreams streams_;
  std::vector<float> from_, to_;  // of a pass

  // Calls run(work, first_token) with the sequences of each pass, their streams in from_ and room in to_.
  void ForEachPass(FunctionRef<void(std::span<const runtime::Work> work, size_t first_token)> run);
  void RunLayer(const runtime::LayerObservers& observers, OnPass on_pass, bool saves);
};

}  // namespace hlwq::calibrate
