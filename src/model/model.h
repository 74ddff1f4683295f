// A decoder-only language model over the weights of a checkpoint: token ids to logits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/function_ref.h"
#include "base/worker_pool.h"
#include "model/config.h"
#include "model/expert_source.h"
#include "model/kv_view.h"
#include "model/layer.h"
#include "model/linear.h"
#include "model/rope.h"
#include "model/weights.h"
#include "model/workspace.h"

namespace hlwq::model {

// Called with the index of a token among those of the pass and its logits [vocabulary], which live
// until the call returns; in the order of the tokens of a segment.
using OnLogits = FunctionRef<void(size_t token, std::span<const float> logits)>;
// Called with the residual stream [tokens, hidden]: index 0 is the embedding, index i what layer
// i - 1 left, and index layers + 1 the last one normed. In some of the layers: 0 is what they begin with.
using OnHidden = FunctionRef<void(size_t index, std::span<const float> hidden)>;

// Called with the residual stream [tokens, hidden] between the two halves of a layer.
using OnMixed = FunctionRef<void(std::span<const float> stream)>;

// Tokens of one or several sequences, to be taken in one pass. Segments cover the tokens in order, the
// short ones first (kShortSegment); each appends to its own KvView, which has room for them.
struct Batch {
  std::span<const int32_t> tokens;
  std::span<const Segment> segments;
  ExpertSource* experts = nullptr;  // of a mixture; nullptr: where the files are mapped
  std::optional<OnProducts> on_products = std::nullopt;  // of the layers, but not the head
  std::optional<OnMixed> on_mixed = std::nullopt;
};

// The layers that a pass runs, where not all.
struct LayerRange {
  size_t begin = 0, end = 0;
  // The residual stream [tokens, hidden]: what the pass begins with (empty: the embedding), and where it
  // is left (empty: logits are made). May be the same memory.
  std::span<const float> from;
  std::span<float> to;
};

// Immutable once made. Thread: safe, with a workspace and a pool for each caller.
class Model {
 public:
  // Takes a checkpoint of any format and maps it. Throws Error naming the tensor that is missing or
  // has another shape than config.json says, or the setting that cannot be run. Reads no weights
  // but the norms and biases, unless it interleaves rows.
  explicit Model(checkpoint::Checkpoint checkpoint, ModelOptions options = {});

  const ModelConfig& config() const noexcept { return config_; }
  const checkpoint::Checkpoint& checkpoint() const noexcept { return weights_.checkpoint(); }
  const std::vector<std::string>& notes() const noexcept { return weights_.notes(); }
  // The experts as they are mapped, [layer][expert], and where in the files their bytes lie.
  std::span<const std::vector<ExpertMatrices>> experts() const noexcept {
    return weights_.experts();
  }
  uint64_t interleaved_bytes() const noexcept { return weights_.interleaved_bytes(); }
  std::optional<checkpoint::FileRange> RangeOf(std::span<const std::byte> bytes) const noexcept {
    return weights_.RangeOf(bytes);
  }
  // The tensor that a matrix of the model was bound from, and its first row in it.
  std::optional<BoundRows> BoundTo(const StoredMatrix& matrix) const noexcept {
    return weights_.BoundTo(matrix);
  }
  // Stored bytes of all matrices that one token is multiplied with: what decoding reads.
  uint64_t bytes_per_token() const noexcept;
  // Of these, the bytes that every token wants: all but those of experts.
  uint64_t dense_bytes() const noexcept;

  // Throws Error{kInvalidArgument} for a token outside the vocabulary.
  void CheckTokens(std::span<const int32_t> tokens) const;
  // The same, and Error{kUnsupported} for a token that stands for an image or a video: what a request
  // must not hold. (Their embeddings alone can be computed with, as any.)
  void CheckPrompt(std::span<const int32_t> tokens) const;

  // Runs a pass of at most work.max_tokens() tokens. What a segment gets depends neither on the others
  // nor on the number of threads. Keys and values are stored; the lengths of the
  // KvViews are left to the caller. Throws as CheckTokens, Error{kInvalidArgument} for more tokens
  // than there is room for: nothing is changed then. Throws Error{kIo} or Error{kSourceChanged} when
  // weights cannot be read, before logits of them are handed out: recurrent states are then
  // anything. Allocates nothing.
  void Forward(const Batch& batch, Workspace& work, WorkerPool& pool, OnLogits on_logits,
               std::optional<OnHidden> on_hidden = std::nullopt) const;
  // The same, in some layers. Passes that go on with each other's streams over the same tokens, of
  // sequences that hold nothing, make the logits of one whole pass, to the last bit. @pre begin <= end
  // <= the number of layers; streams have the size of the pass
  void ForwardLayers(const Batch& batch, const LayerRange& layers, Workspace& work,
                     WorkerPool& pool, OnLogits on_logits,
                     std::optional<OnHidden> on_hidden = std::nullopt) const;

 private:
  Weights weights_;
  ModelConfig config_;
  Rope rope_;
  Linear embedding_;
  std::vector<Layer> layers_;
  Buffer<float> final_norm_;
  std::optional<Linear> own_head_;  // empty: the embedding serves

  const Linear& head() const noexcept { return own_head_ ? *own_head_ : embedding_; }
  void Check(const Batch& batch, const Workspace& work) const;
  void Run(const Batch& batch, const LayerRange& layers, Workspace& work, WorkerPool& pool,
           OnLogits on_logits, std::optional<OnHidden> on_hidden) const;
  void Embed(const Pass& pass, std::span<const int32_t> tokens) const noexcept;
  void RunBlock(const Pass& pass, std::span<const float> norm, const Block& block) const;
  void MakeLogits(const Pass& pass, OnLogits on_logits) const;
  void MakeLogitsOf(const Pass& pass, std::span<const size_t> tokens, bool is_short,
                    OnLogits on_logits) const;
};

}  // namespace hlwq::model
