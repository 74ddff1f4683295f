#include "chat/model_memory.h"

#include <algorithm>
#include <numeric>

#include "runtime/run_memory.h"

namespace hlwq::chat {
namespace {

ModelMemory Split(const runtime::RunMemory& run, uint64_t expert_bytes) {
  const uint64_t sequence = run.kv_bytes + run.state_bytes;
  return {.fixed_bytes = run.TotalBytes() - sequence + expert_bytes, .sequence_bytes = sequence};
}

}  // namespace

ModelMemory MemoryOf(const runtime::Engine& engine, const runtime::KvFormat& kv) {
  const model::Model& model = engine.model();
  size_t experts = 0;
  uint64_t expert_bytes = 0;
  for (const auto& layer : model.experts()) {
    experts += layer.size();
    for (const model::ExpertMatrices& expert : layer) expert_bytes += model::BytesOf(expert);
  }
  if (engine.expert_cache() != nullptr) expert_bytes = engine.expert_cache()->memory_bytes();
  return Split(runtime::RunMemoryOf(engine.config(),
                                    {.weight_bytes = model.dense_bytes(),
                                     .experts = experts,
                                     .chunk_tokens = engine.chunk_tokens(),
                                     .context_tokens = runtime::CountedTokens(engine.config()),
                                     .kv_format = kv}),
               expert_bytes);
}

ModelMemory MemoryToOpen(const checkpoint::Checkpoint& checkpoint, const ExpertOptions& experts,
                         const MemoryLimit& memory, const runtime::KvFormat& kv) {
  const model::ModelConfig config = model::ReadModelConfig(checkpoint.config);
  const uint64_t stored =
      std::accumulate(checkpoint.files.begin(), checkpoint.files.end(), uint64_t{0},
                      [](uint64_t sum, const File& file) { return sum + file.SizeBytes(); });
  ModelMemory need =
      Split(runtime::RunMemoryOf(config, {.weight_bytes = stored,
                                          .chunk_tokens = runtime::ChunkTokens(config, 0),
                                          .context_tokens = runtime::CountedTokens(config),
                                          .kv_format = kv}),
            0);
  // Its cache takes what is free.
  if (config.sizes.experts > 0 && !experts.size) {
    need.fixed_bytes = std::min(need.fixed_bytes, memory.available_bytes);
  }
  return need;
}

}  // namespace hlwq::chat
