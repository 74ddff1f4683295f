#include "convert/run_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/number_text.h"
#include "base/text_table.h"
#include "convert/plan.h"

namespace hlwq::convert {
namespace {

using checkpoint::LayerKind;
using checkpoint::Role;

// docs/running.md, "Memory"
constexpr uint64_t kWorkBytes = uint64_t{64} << 20;
constexpr uint64_t kPromptWorkBytes = uint64_t{256} << 20;
constexpr uint64_t kTokens = 1000;

uint64_t CountLayers(const checkpoint::TextConfig& sizes,
                     bool (LayerKind::*is_kind)() const noexcept) {
  return static_cast<uint64_t>(std::ranges::count(sizes.layers, true, is_kind));
}

// Of all layers with a gated delta net: S [value heads, key dim, value dim] and the inputs that the
// convolution still needs.
uint64_t StateBytes(const checkpoint::TextConfig& sizes) {
  const uint64_t layers = sizes.layers.size() - CountLayers(sizes, &LayerKind::has_attention);
  if (layers == 0) return 0;
  const uint64_t channels =
      2 * sizes.key_heads * sizes.key_dim + sizes.value_heads * sizes.value_dim;
  const uint64_t state = sizes.value_heads * sizes.key_dim * sizes.value_dim;
  return layers * sizeof(float) * (state + (sizes.conv_kernel - 1) * channels);
}

CacheMemory WithTotals(const RunMemory& memory, CacheMemory cache, uint64_t slots_in_all) {
  const uint64_t all = memory.expert_layers * memory.experts;
  const uint64_t decoded = memory.expert_parameters / all * sizeof(uint16_t);
  cache.cache_bytes = memory.slot_bytes() * slots_in_all;
  cache.total_bytes = memory.TotalBytes(cache.cache_bytes);
  cache.decoded_total_bytes = memory.TotalBytes(decoded * slots_in_all) + memory.embedding_bytes;
  return cache;
}

}  // namespace

RunMemory RunMemoryOf(std::span<const PlanRow> rows, const checkpoint::TextConfig& sizes) {
  RunMemory memory;
  bool has_head = false;
  for (const PlanRow& row : rows) {
    switch (row.role) {
      case Role::kExpertGate:
      case Role::kExpertUp:
      case Role::kExpertGateUp:
      case Role::kExpertDown:
        memory.expert_bytes += row.weight_bytes;
        memory.expert_parameters += row.parameters;
        break;
      case Role::kEmbedding:
        memory.embedding_bytes += row.weight_bytes;
        break;
      case Role::kVision:
      case Role::kMtp:
        break;
      default:
        has_head |= row.role == Role::kLmHead;
        memory.weight_bytes += row.weight_bytes;
    }
  }
  if (!has_head) memory.weight_bytes += std::exchange(memory.embedding_bytes, 0);
  memory.expert_layers = CountLayers(sizes, &LayerKind::has_experts);
  memory.experts = sizes.experts;
  memory.state_bytes = StateBytes(sizes);
  memory.kv_bytes = CountLayers(sizes, &LayerKind::has_attention) * 2 * sizes.kv_heads *
                    sizes.head_dim * sizeof(uint16_t) * kTokens;
  memory.work_bytes = kWorkBytes;
  return memory;
}

CacheMemory SlotMemory(const RunMemory& memory, uint64_t slots) {
  if (slots < 1 || slots > memory.experts) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("expert cache: want from 1 to {} slots for each layer, got {}",
                            memory.experts, slots));
  }
  return WithTotals(memory, {.slots = slots}, slots * memory.expert_layers);
}

CacheMemory PoolMemory(const RunMemory& memory, uint64_t bytes) {
  const uint64_t slots =
      std::min(bytes / memory.slot_bytes(), memory.expert_layers * memory.experts);
  if (slots == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("expert cache: want at least {} bytes, what one expert takes, got {}",
                            memory.slot_bytes(), bytes));
  }
  return WithTotals(memory, {.slots = slots, .is_pool = true}, slots);
}

std::vector<CacheMemory> CacheMemories(const RunMemory& memory) {
  std::vector<CacheMemory> caches;
  for (uint64_t slots = 1; slots < memory.experts; slots *= 2) {
    caches.push_back(SlotMemory(memory, slots));
  }
  caches.push_back(SlotMemory(memory, memory.experts));
  return caches;
}

nlohmann::json RunMemoryToJson(const RunMemory& memory, std::span<const CacheMemory> caches) {
  nlohmann::json rows = nlohmann::json::array();
  for (const CacheMemory& cache : caches) {
    rows.push_back({{"slots", cache.slots},
                    {"is_pool", cache.is_pool},
                    {"cache_bytes", cache.cache_bytes},
                    {"total_bytes", cache.total_bytes},
                    {"decoded_total_bytes", cache.decoded_total_bytes}});
  }
  return {{"weight_bytes", memory.weight_bytes},
          {"embedding_bytes", memory.embedding_bytes},
          {"expert_layers", memory.expert_layers},
          {"experts", memory.experts},
          {"expert_bytes", memory.slot_bytes()},
          {"state_bytes", memory.state_bytes},
          {"kv_bytes_of_1000_tokens", memory.kv_bytes},
          {"work_bytes", memory.work_bytes},
          {"expert_caches", std::move(rows)}};
}

std::string RenderRunMemory(const RunMemory& memory, std::span<const CacheMemory> caches,
                            const TextLayout& layout) {
  constexpr auto kRight = TextTable::Align::kRight;
  const auto bytes = [](uint64_t count) { return FormatBytes(count, 4); };
  TextTable table({{"expert cache", kRight},
                   {"experts", kRight},
                   {"in all", kRight},
                   {"with 16-bit slots", kRight}});
  for (const CacheMemory& cache : caches) {
    std::string name =
        fmt::format("{} {}", FormatCount(cache.slots), cache.slots == 1 ? "slot" : "slots");
    if (cache.is_pool) name += " for any layer";
    if (!cache.is_pool && cache.slots == memory.experts) name = "all experts";
    table.AddRow({std::move(name), bytes(cache.cache_bytes), bytes(cache.total_bytes),
                  bytes(cache.decoded_total_bytes)});
  }
  std::string embedding =
      memory.embedding_bytes == 0
          ? std::string("it is the head as well")
          : fmt::format("{}, mapped: a row for each token", bytes(memory.embedding_bytes));
  return RenderPairs(
             {{"to run", fmt::format("{} of weights that every token reads, {} layers with {} "
                                     "experts of {} each",
                                     bytes(memory.weight_bytes), memory.expert_layers,
                                     memory.experts, bytes(memory.slot_bytes()))},
              {"embedding", std::move(embedding)},
              {"a sequence", fmt::format("{} of recurrent state, {} of keys and values for 1,000 "
                                         "tokens",
                                         bytes(memory.state_bytes), bytes(memory.kv_bytes))},
              {"work", fmt::format("about {}; up to {} while a long prompt is read",
                                   bytes(memory.work_bytes), bytes(kPromptWorkBytes))}},
             layout) +
         "\n" + table.Render(layout) +
         "\nSlots are for each layer. In all: one sequence of 1,000 tokens. With 16-bit slots: "
         "experts "
         "decoded as they are\nloaded and the embedding in memory, as the published figures come "
         "about.\n";
}

}  // namespace hlwq::convert
