// A model run layer by layer over many sequences, so that one layer's weights are enough in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/file.h"
#include "calibrate/self_text.h"
#include "model/layer.h"
#include "runtime/engine.h"

namespace hlwq::calibrate {

// Residual streams of up to this many bytes are kept in memory, others in a file.
inline constexpr uint64_t kMostStreamBytes = 256u << 20;

// Borrows the engine and the sequences, each of more than model::kShortSegment tokens. Throws as
// Engine::StepLayers, Error{kIo} where the disk has no room for the streams.
class LayerWalk {
 public:
  // A file that nobody else sees, first at `scratch`, for streams of more than `most_bytes`.
  LayerWalk(runtime::Engine& engine, const TokenSequences& sequences,
            const std::filesystem::path& scratch, uint64_t most_bytes = kMostStreamBytes);

  // The layer that Next runs; as many as there are: they are done.
  size_t layer() const noexcept { return layer_; }
  // Takes all tokens through it. `on_products` is told of its products, pass by pass, and of how many
  // tokens went through by on_pass.
  void Next(std::optional<model::OnProducts> on_products, FunctionRef<void(size_t tokens)> on_pass);
  // After the last layer: what the head reads, [tokens, hidden] of each pass.
  void ToHead(FunctionRef<void(std::span<const float> inputs)> on_inputs);

 private:
  runtime::Engine& engine_;
  const TokenSequences& sequences_;
  size_t layer_ = 0;
  std::vector<float> streams_;  // [tokens, hidden], unless in file_
  std::optional<File> file_;
  std::vector<float> from_, to_;  // of a pass

  // Calls run(work) with the sequences of each pass, their streams in from_; puts to_ in their place.
  void ForEachPass(FunctionRef<void(std::span<const runtime::Work> work)> run, bool saves);
  void Load(uint64_t first_value);
  void Save(uint64_t first_value);
};

}  // namespace hlwq::calibrate
