// What a model takes of the memory that several of them share.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/memory_limit.h"
#include "chat/expert_plan.h"
#include "checkpoint/checkpoint.h"
#include "runtime/engine.h"

namespace hlwq::chat {

// By runtime::RunMemoryOf, with the experts of a mixture.
struct ModelMemory {
  uint64_t fixed_bytes = 0;  // weights, workspace, tables
  uint64_t sequence_bytes =
      0;  // of one sequence of runtime::CountedTokens: keys, values and states

  // Where sequences hold so much.
  uint64_t Bytes(uint64_t held_bytes) const noexcept {
    return fixed_bytes + std::max(sequence_bytes, held_bytes);
  }
};

// Of one that is open, with keys and values in this format. Experts: what their cache has room for; all of
// them where there is none.
ModelMemory MemoryOf(const runtime::Engine& engine, const runtime::KvFormat& kv);

// About the same of one that is not open yet, from its headers: all that its files hold counts as
// weights, but of a mixture no more than fits `memory` (PlanExpertCache). Throws as
// model::ReadModelConfig.
ModelMemory MemoryToOpen(const checkpoint::Checkpoint& checkpoint, const ExpertOptions& experts,
                         const MemoryLimit& memory, const runtime::KvFormat& kv);

}  // namespace hlwq::chat
