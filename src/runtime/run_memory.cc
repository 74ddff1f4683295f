#include "runtime/run_memory.h"

#include <algorithm>

#include "io/direct_reader.h"
#include "model/recurrent_state.h"
#include "model/workspace.h"
#include "runtime/kv_layout.h"

namespace hlwq::runtime {
namespace {

constexpr size_t kMostCountedTokens = 4096;

// Measured on x86-64, resident less what is counted exactly, with synthetic mixtures coded at 5 bits:
// 12.7 MB with 384 experts, 15.7 with 512, 118 with 10,240, whose nine tensors each have names and
// places; a tokenizer of 49,152 tokens adds 3.8 MB, one of 151,936 9.2.
constexpr uint64_t kProgramBytes = 10'000'000;
constexpr uint64_t kExpertRecordBytes = 10'500;
constexpr uint64_t kVocabularyTokenBytes = 80;

}  // namespace

size_t CountedTokens(const model::ModelConfig& config) noexcept {
  return std::min(kMostCountedTokens, config.max_positions);
}

RunMemory RunMemoryOf(const model::ModelConfig& config, const RunShape& shape) {
  return {.weight_bytes = shape.weight_bytes,
          .kv_bytes = KvLayout(config, shape.kv_format).Bytes(shape.context_tokens),
          .state_bytes = 2 * model::RecurrentState::Bytes(config),
          .workspace_bytes = model::Workspace::Bytes(config, shape.chunk_tokens),
          .overhead_bytes = kProgramBytes + kExpertRecordBytes * shape.experts +
                            kVocabularyTokenBytes * config.sizes.vocab};
}

uint64_t ExpertSlotBytes(uint64_t expert_bytes) noexcept {
  return io::FileStretch::RoomFor(kDirectAlignment - 1, expert_bytes);
}

}  // namespace hlwq::runtime
