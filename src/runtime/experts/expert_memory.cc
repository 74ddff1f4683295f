#include "runtime/experts/expert_memory.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/number_text.h"
#include "model/recurrent_state.h"
#include "runtime/experts/expert_layout.h"
#include "runtime/kv_pages.h"

namespace hlwq::runtime {
namespace {

// The state of one sequence with the moment that it notes, and keys and values of this many tokens.
constexpr size_t kTypicalTokens = 4096;
// Tables, tokenizer, code, and pages of files that are read once.
constexpr uint64_t kOverheadBytes = uint64_t{192} << 20;

}  // namespace

std::optional<ExpertMemory> ExpertMemoryOf(const model::Model& model, size_t chunk_tokens) {
  const auto range_of = [&](std::span<const std::byte> bytes) { return model.RangeOf(bytes); };
  ExpertMemory memory;
  for (const auto& layer : model.experts()) {
    for (const model::ExpertMatrices& expert : layer) {
      memory.experts_bytes += model::BytesOf(expert);
      bool is_in_file = true;
      for (const model::StoredMatrix* matrix : {&expert.gate, &expert.up, &expert.down}) {
        model::ForEachPart(*matrix, [&](model::ConstBytes part) {
          is_in_file = is_in_file && range_of(part).has_value();
        });
      }
      if (!is_in_file) return std::nullopt;
      ++memory.experts;
    }
  }
  if (memory.experts == 0) return std::nullopt;
  memory.slot_bytes = ExpertLayout(model.experts(), range_of).slot_bytes();
  const size_t tokens = std::min(kTypicalTokens, model.config().max_positions);
  memory.other_bytes = model.dense_bytes() + 2 * model::RecurrentState::Bytes(model.config()) +
                       KvLayout(model.config(), DType::kF16).Bytes(tokens) +
                       model::Workspace::Bytes(model.config(), chunk_tokens) + kOverheadBytes;
  return memory;
}

PoolBytes FitExperts(const ExpertMemory& need, const MemoryLimit& memory) {
  const uint64_t least = need.other_bytes + need.slot_bytes;
  if (memory.limit_bytes < least) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("this model needs {} of memory, the weights of every token and one "
                            "expert at a time; the limit is {}",
                            FormatBytes(least), FormatBytes(memory.limit_bytes)));
  }
  const uint64_t rest = memory.available_bytes - std::min(memory.available_bytes, need.other_bytes);
  return {std::clamp(rest, need.slot_bytes, need.experts * need.slot_bytes)};
}

}  // namespace hlwq::runtime
