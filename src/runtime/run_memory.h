// What a run of a model holds in memory, from its shapes: what `plan` tells of a model that is not
// there yet, and what the expert cache leaves free.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/config.h"
#include "runtime/kv_format.h"

namespace hlwq::runtime {

// One sequence on its own.
struct RunShape {
  uint64_t weight_bytes = 0;  // stored, of all that every token is multiplied with
  size_t experts = 0;         // of all layers
  size_t chunk_tokens = 0;    // of a pass
  size_t context_tokens = 0;
  KvFormat kv_format;
};

// All that is resident but for experts. Mapped weights count as they do once they were read; rows of an
// embedding that is not the head as well do not (with the pages around each, 64 kB at most).
struct RunMemory {
  uint64_t weight_bytes = 0;
  uint64_t kv_bytes = 0;         // keys and values of all tokens of the context
  uint64_t state_bytes = 0;      // recurrent: of the sequence, and of the moment that it notes
  uint64_t workspace_bytes = 0;  // activations and logits
  uint64_t overhead_bytes = 0;   // about: the program, the tokenizer, the records of experts

  uint64_t TotalBytes() const noexcept {
    return weight_bytes + kv_bytes + state_bytes + workspace_bytes + overhead_bytes;
  }
};

// The context that memory is counted for: 4096 tokens, or those that the model was made for where
// these are fewer.
size_t CountedTokens(const model::ModelConfig& config) noexcept;

// Throws as KvLayout.
RunMemory RunMemoryOf(const model::ModelConfig& config, const RunShape& shape);

// Of a slot of the expert cache (ExpertLayout) where the `expert_bytes` of each expert lie together
// in a file, wherever that is.
uint64_t ExpertSlotBytes(uint64_t expert_bytes) noexcept;

}  // namespace hlwq::runtime
