#include "runtime/experts/expert_memory.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/number_text.h"
#include "runtime/experts/expert_layout.h"
#include "runtime/run_memory.h"

namespace hlwq::runtime {

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
  memory.other_bytes =
      RunMemoryOf(model.config(), {.weight_bytes = model.dense_bytes(),
                                   .experts = memory.experts,
                                   .chunk_tokens = chunk_tokens,
                                   .context_tokens = CountedTokens(model.config())})
          .TotalBytes();
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
