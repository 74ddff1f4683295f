// The memory that a model with experts needs to run, from shapes alone.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/terminal_text.h"
#include "checkpoint/catalog/text_config.h"

namespace hlwq::convert {

struct PlanRow;

// Sizes of weights are those that quantize writes, less records of shapes.
struct RunMemory {
  uint64_t weight_bytes = 0;  // that every token reads: all but experts, embedding, vision, MTP
  uint64_t embedding_bytes =
      0;  // mapped, a row read for each token; 0 where it is the head as well
  uint64_t expert_layers = 0;
  uint64_t experts = 0;       // of a layer
  uint64_t expert_bytes = 0;  // of all of them
  uint64_t expert_parameters = 0;
  uint64_t state_bytes = 0;  // recurrent, float32, of a sequence
  uint64_t kv_bytes = 0;     // keys and values of 1,000 tokens, 16 bits
  uint64_t work_bytes = 0;   // about: activations, logits, the program

  // Of one expert, the mean where layers differ.
  uint64_t slot_bytes() const noexcept { return expert_bytes / (expert_layers * experts); }
  // With one sequence of 1,000 tokens and this much for experts.
  uint64_t TotalBytes(uint64_t cache_bytes) const noexcept {
    return weight_bytes + cache_bytes + state_bytes + kv_bytes + work_bytes;
  }
};

// @pre the model has experts. `rows` are those of its plan.
RunMemory RunMemoryOf(std::span<const PlanRow> rows, const checkpoint::TextConfig& sizes);

// One size of the expert cache, and what it takes.
struct CacheMemory {
  uint64_t slots = 0;  // for each layer with experts; of the pool where is_pool
  bool is_pool = false;
  uint64_t cache_bytes = 0;
  uint64_t total_bytes = 0;
  // The same with slots that hold weights decoded to 16 bits and the whole embedding in memory.
  uint64_t decoded_total_bytes = 0;
};

// 1, 2, 4, 8, .. and all.
std::vector<CacheMemory> CacheMemories(const RunMemory& memory);
// `slots` for each layer. Throws Error{kInvalidArgument} for more than there are experts.
CacheMemory SlotMemory(const RunMemory& memory, uint64_t slots);
// As many slots as `bytes` hold, for any layer, at most all. Throws Error{kInvalidArgument} where
// that is none.
CacheMemory PoolMemory(const RunMemory& memory, uint64_t bytes);

nlohmann::json RunMemoryToJson(const RunMemory& memory, std::span<const CacheMemory> caches);
std::string RenderRunMemory(const RunMemory& memory, std::span<const CacheMemory> caches,
                            const TextLayout& layout);

}  // namespace hlwq::convert
