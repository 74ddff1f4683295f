// How much memory a mixture of experts wants, and how many of them fit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/memory_limit.h"
#include "model/model.h"
#include "runtime/experts/expert_cache.h"

namespace hlwq::runtime {

struct ExpertMemory {
  uint64_t experts_bytes = 0;  // stored, of all
  size_t experts = 0;          // of all layers
  uint64_t slot_bytes = 0;     // of a cache, for any of them
  // What a run holds besides (run_memory.h).
  uint64_t other_bytes = 0;
};

// For passes of up to `chunk_tokens` tokens. Nothing: the model has no experts, or they lie in memory
// because they had to be decoded.
std::optional<ExpertMemory> ExpertMemoryOf(const model::Model& model, size_t chunk_tokens);

// A pool for all experts where they fit beside the rest, else of what is left. All of them, too,
// fare better in slots than where the files are mapped: they arrive at the speed of the device, not
// page by page, and lie in huge pages, which makes decoding up to twice as fast. Throws
// Error{kInvalidArgument} naming the least memory that works when the limit is below it.
PoolBytes FitExperts(const ExpertMemory& need, const MemoryLimit& memory);

}  // namespace hlwq::runtime
