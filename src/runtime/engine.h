// A model ready to run: its threads, its workspace, and the sequences that it goes on with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

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
  size_t chunk_tokens =
      0;  // of a prompt taken in one pass; 0: as many as 32 MiB of workspace hold,
          // or 256 of a mixture
};

// One caller at a time.
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

  // Takes `tokens` as the continuation of the sequence in `state`, in passes of at most
  // chunk_tokens(), and advances it. The indices that the callbacks see count from the first of
  // `tokens`; on_hidden is called for each pass. Throws Error{kInvalidArgument} before anything is
  // done when there is no room or a token is outside the vocabulary; as Model::Forward otherwise,
  // and the state then holds the passes before, or nothing when it is recurrent.
  void Feed(SequenceState& state, std::span<const TokenId> tokens, model::LogitsOf logits_of,
            model::OnLogits on_logits, std::optional<model::OnHidden> on_hidden = std::nullopt);

 private:
  model::Model model_;
  std::unique_ptr<WorkerPool> pool_;  // never empty
  size_t chunk_tokens_ = 0;
  std::unique_ptr<ExpertCache> expert_cache_;
  std::unique_ptr<model::MappedExperts> mapped_experts_;  // what is traced without a cache
  std::unique_ptr<TracingExperts> trace_;
  std::optional<model::Workspace> work_;  // grown to the largest pass so far

  model::ExpertSource* experts() noexcept;
  model::Workspace& WorkspaceFor(size_t tokens);
};

}  // namespace hlwq::runtime
