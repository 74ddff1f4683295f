// A model ready to run: its threads, its workspace, and what it remembers of sequences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/worker_pool.h"
#include "model/mapped_experts.h"
#include "model/model.h"
#include "model/workspace.h"
#include "runtime/experts/expert_cache.h"
#include "runtime/experts/expert_trace.h"
#include "runtime/sequence_state.h"

namespace hlwq::runtime {

using TokenId = int32_t;

struct EngineOptions {
  int threads = 0;  // 0: the cores of this process
  // Of a prompt, taken in one pass; 0: as many as 32 MiB of workspace hold, or 256 of a mixture.
  size_t chunk_tokens = 0;
  // Most keys and values of all sequences, of each format that they are kept in; 0: no limit.
  uint64_t kv_bytes = 0;
  // Most recurrent states of earlier moments; one is kept in any case.
  uint64_t snapshot_bytes = 0;
  bool interleaves_rows = false;  // model::ModelOptions
};

// Of a pass where EngineOptions::chunk_tokens is `wanted`.
size_t ChunkTokens(const model::ModelConfig& config, size_t wanted);

// A piece of a sequence for one pass: tokens that follow those that it holds.
struct Work {
  SequenceState* sequence = nullptr;  // may be null where there are no tokens
  std::span<const TokenId> tokens;
  model::LogitsOf logits_of = model::LogitsOf::kLast;
};
// Called with the index of a piece, that of a token among its own, and the logits [vocabulary], which
// live until the call returns.
using OnStepLogits = FunctionRef<void(size_t work, size_t token, std::span<const float> logits)>;

// What may be looked at while layers run.
struct LayerObservers {
  std::optional<model::OnProducts> on_products = std::nullopt;
  std::optional<model::OnMixed> on_mixed = std::nullopt;
  std::optional<model::OnHidden> on_hidden = std::nullopt;
};

// One caller at a time, with all sequences made from it.
class Engine {
 public:
  // Opens the checkpoint at `path`. Throws as checkpoint::OpenCheckpoint and model::Model.
  Engine(const std::filesystem::path& path, const EngineOptions& options);
  // Takes one that is open.
  Engine(checkpoint::Checkpoint checkpoint, const EngineOptions& options);

  const model::Model& model() const noexcept { return model_; }
  const model::ModelConfig& config() const noexcept { return model_.config(); }
  WorkerPool& pool() noexcept { return *pool_; }
  // Goes on with as many threads (0: the cores of this process). Throws as WorkerPool; the
  // threads are then as before.
  void SetThreads(int threads);
  size_t chunk_tokens() const noexcept { return chunk_tokens_; }

  // Keeps a part of the experts in memory and reads the others when they are wanted; until then all
  // are used where the files are mapped. What is computed stays the same to the last bit. Throws as
  // ExpertCache; the experts are then held as before.
  void CacheExperts(const ExpertCacheOptions& options);
  // From now on writes to `path` which experts every pass wants. Throws as TracingExperts. After
  // CacheExperts, if at all.
  void TraceExperts(const std::filesystem::path& path);
  // Ends the trace, which is then at its place. Throws Error{kIo}. No effect without one.
  void FinishTrace();
  // nullptr: experts are used where the files are mapped.
  ExpertCache* expert_cache() noexcept { return expert_cache_.get(); }
  const ExpertCache* expert_cache() const noexcept { return expert_cache_.get(); }

  // Keys, values and noted moments of all sequences that are resident: as much as was in use at one time.
  uint64_t sequence_bytes() const noexcept;
  // checkpoint::ModelIdentity, computed once.
  uint64_t identity();

  // An empty sequence with room for options.capacity tokens. The engine outlives it. Throws as
  // KvPools.
  SequenceState MakeState(const KvCacheOptions& options);

  // One pass over pieces of distinct sequences, prompts and single tokens mixed; advances them. Pieces
  // without tokens are passed over. chunk_tokens() in all are a good size: the workspace grows to the
  // largest pass so far, and no pass below that allocates anything. A piece gets the same logits, to the
  // last bit, whatever the other pieces are and however many threads work. How a sequence is cut into
  // pieces may change bits, but not among pieces of up to model::kShortSegment tokens, which have those
  // of single tokens; longer pieces have the same bits among themselves where each begins at a multiple
  // of 16, or anywhere for models without gated delta nets. (RoPE scaled dynamically looks at the length
  // of the piece, as transformers does.) Throws Error{kInvalidArgument} before anything is done when
  // there is no room or a token is outside the vocabulary, Error{kIo} when the pages that are left do not
  // suffice; as Model::Forward otherwise, and recurrent sequences of the pass then hold nothing, others
  // what they held.
  void Step(std::span<const Work> work, OnStepLogits on_logits,
            std::optional<model::OnHidden> on_hidden = std::nullopt);
  // Gives back what passes and keys and values took. @pre no sequence is left
  void ReleaseMemory() noexcept {
    work_.reset();
    kv_pages_.clear();
  }
  // The same pass in some of the layers (Model::ForwardLayers), over sequences that hold nothing, and
  // hold nothing afterwards. A stream has the tokens of all pieces, in the order of Batch: where they
  // are all longer than model::kShortSegment, or none is, in their own.
  void StepLayers(std::span<const Work> work, const model::LayerRange& layers,
                  OnStepLogits on_logits, const LayerObservers& observers = {});

  // Takes `tokens` as the continuation of a sequence, in passes of at most chunk_tokens(). The indices
  // that the callbacks see count from the first of `tokens`; on_hidden is called for each pass. Throws as
  // Step, before anything is done when not all tokens have room.
  void Feed(SequenceState& state, std::span<const TokenId> tokens, model::LogitsOf logits_of,
            model::OnLogits on_logits, std::optional<model::OnHidden> on_hidden = std::nullopt);

 private:
  model::Model model_;
  std::unique_ptr<WorkerPool> pool_;  // never empty
  size_t chunk_tokens_ = 0;
  std::unique_ptr<ExpertCache> expert_cache_;
  std::unique_ptr<model::MappedExperts> mapped_experts_;  // what is traced without a cache
  std::unique_ptr<TracingExperts> trace_;
  std::optional<uint64_t> identity_;
  std::optional<model::Workspace> work_;  // grown to the largest pass so far
  uint64_t kv_bytes_ = 0;
  std::map<std::string, std::unique_ptr<KvPools>> kv_pages_;  // by the name of the format
  std::unique_ptr<StateSnapshots> snapshots_;
  // Of a pass.
  std::vector<TokenId> tokens_;
  std::vector<model::Segment> segments_;
  std::vector<size_t> works_;  // of each segment

  model::ExpertSource* experts() noexcept;
  model::Workspace& WorkspaceFor(size_t tokens);
  void CheckWork(std::span<const Work> work) const;
  void AddSegment(std::span<const Work> work, size_t index);
  // Fills tokens_, segments_ and works_. Throws as Step.
  void Gather(std::span<const Work> work);
  void PassOn(size_t token, std::span<const float> logits, OnStepLogits on_logits) const;
};

}  // namespace hlwq::runtime
