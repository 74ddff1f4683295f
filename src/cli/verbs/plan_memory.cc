#include "cli/verbs/plan_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/number_text.h"
#include "base/text_table.h"
#include "runtime/engine.h"

namespace hlwq::cli {
namespace {

CacheMemory WithTotals(const PlanMemory& memory, CacheMemory cache, uint64_t slots_in_all) {
  const convert::RunWeights& weights = memory.weights;
  const uint64_t decoded = weights.expert_parameters / memory.total_experts() * sizeof(uint16_t);
  cache.cache_bytes = memory.slot_bytes * slots_in_all;
  cache.total_bytes = memory.run.TotalBytes() + cache.cache_bytes;
  cache.decoded_weight_bytes =
      weights.dense_bytes + weights.embedding_bytes + decoded * slots_in_all;
  return cache;
}

nlohmann::json MemoryToJson(const PlanMemory& memory, std::span<const CacheMemory> caches) {
  nlohmann::json rows = nlohmann::json::array();
  for (const CacheMemory& cache : caches) {
    rows.push_back({{"slots", cache.slots},
                    {"is_pool", cache.is_pool},
                    {"cache_bytes", cache.cache_bytes},
                    {"total_bytes", cache.total_bytes},
                    {"decoded_weight_bytes", cache.decoded_weight_bytes}});
  }
  return {{"weight_bytes", memory.run.weight_bytes},
          {"embedding_bytes", memory.weights.embedding_bytes},
          {"expert_layers", memory.expert_layers},
          {"experts", memory.experts},
          {"expert_bytes", memory.weights.expert_bytes / memory.total_experts()},
          {"slot_bytes", memory.slot_bytes},
          {"context_tokens", memory.shape.context_tokens},
          {"kv_bytes", memory.run.kv_bytes},
          {"kv_bytes_per_token", memory.kv_bytes_per_token},
          {"kv_format", memory.shape.kv_format.name()},
          {"state_bytes", memory.run.state_bytes},
          {"chunk_tokens", memory.shape.chunk_tokens},
          {"workspace_bytes", memory.run.workspace_bytes},
          {"overhead_bytes", memory.run.overhead_bytes},
          {"expert_caches", std::move(rows)}};
}

}  // namespace

std::optional<PlanMemory> FindPlanMemory(const nlohmann::json& json,
                                         const convert::QuantizePlan& plan,
                                         const runtime::KvFormat& kv_format) {
  if (!json.is_object()) return std::nullopt;
  const auto sizes = checkpoint::ReadTextConfig(json);
  if (!sizes || sizes->experts == 0) return std::nullopt;
  const model::ModelConfig config =
      WithContext(plan.source, [&] { return model::ReadModelConfig(json); });
  PlanMemory memory;
  memory.weights = convert::RunWeightsOf(plan.rows);
  memory.expert_layers = static_cast<uint64_t>(
      std::ranges::count(config.sizes.layers, true, &checkpoint::LayerKind::has_experts));
  memory.experts = config.sizes.experts;
  memory.slot_bytes =
      runtime::ExpertSlotBytes(memory.weights.stored_expert_bytes / memory.total_experts());
  memory.shape = {.weight_bytes = memory.weights.dense_bytes,
                  .experts = memory.total_experts(),
                  .chunk_tokens = runtime::ChunkTokens(config, 0),
                  .context_tokens = runtime::CountedTokens(config),
                  .kv_format = kv_format};
  memory.run = runtime::RunMemoryOf(config, memory.shape);
  memory.kv_bytes_per_token = runtime::KvLayout(config, kv_format).BytesPerToken();
  return memory;
}

std::optional<PlanMemory> PlanMemoryOrNote(const nlohmann::json& config,
                                           convert::QuantizePlan& plan,
                                           const runtime::KvFormat& kv_format) {
  try {
    return FindPlanMemory(config, plan, kv_format);
  } catch (const Error& error) {
    plan.notes.push_back(std::string("what a run takes is not told: ") + error.what());
    return std::nullopt;
  }
}

CacheMemory SlotMemory(const PlanMemory& memory, uint64_t slots) {
  if (slots < 1 || slots > memory.experts) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("expert cache: want from 1 to {} slots for each layer, got {}",
                            memory.experts, slots));
  }
  return WithTotals(memory, {.slots = slots}, slots * memory.expert_layers);
}

CacheMemory PoolMemory(const PlanMemory& memory, uint64_t bytes) {
  const uint64_t slots = std::min(bytes / memory.slot_bytes, memory.total_experts());
  if (slots == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("expert cache: want at least {} bytes, what one expert takes, got {}",
                            memory.slot_bytes, bytes));
  }
  return WithTotals(memory, {.slots = slots, .is_pool = true}, slots);
}

std::vector<CacheMemory> CacheMemories(const PlanMemory& memory) {
  std::vector<CacheMemory> caches;
  for (uint64_t slots = 1; slots < memory.experts; slots *= 2) {
    caches.push_back(SlotMemory(memory, slots));
  }
  caches.push_back(SlotMemory(memory, memory.experts));
  return caches;
}

nlohmann::json PlanToJson(const convert::QuantizePlan& plan,
                          const std::optional<PlanMemory>& memory,
                          std::span<const CacheMemory> caches) {
  nlohmann::json json = convert::PlanToJson(plan);
  json["run_memory"] = memory ? MemoryToJson(*memory, caches) : nlohmann::json(nullptr);
  return json;
}

std::string RenderPlanMemory(const PlanMemory& memory, std::span<const CacheMemory> caches,
                             const TextLayout& layout) {
  constexpr auto kRight = TextTable::Align::kRight;
  const auto bytes = [](uint64_t count) { return FormatBytes(count, 4); };
  TextTable table({{"expert cache", kRight},
                   {"experts", kRight},
                   {"in all", kRight},
                   {"weights, 16-bit slots", kRight}});
  for (const CacheMemory& cache : caches) {
    std::string name =
        fmt::format("{} {}", FormatCount(cache.slots), cache.slots == 1 ? "slot" : "slots");
    if (cache.is_pool) name += " for any layer";
    if (!cache.is_pool && cache.slots == memory.experts) name = "all experts";
    table.AddRow({std::move(name), bytes(cache.cache_bytes), bytes(cache.total_bytes),
                  bytes(cache.decoded_weight_bytes)});
  }
  const std::string tokens = FormatCount(memory.shape.context_tokens);
  std::string embedding =
      memory.weights.embedding_bytes == 0
          ? std::string("it is the head as well")
          : fmt::format("{}, mapped: a row for each token", bytes(memory.weights.embedding_bytes));
  return RenderPairs(
             {{"to run", fmt::format("{} of weights that every token reads, {} layers with {} "
                                     "experts of {} each",
                                     bytes(memory.run.weight_bytes), memory.expert_layers,
                                     memory.experts, bytes(memory.slot_bytes))},
              {"embedding", std::move(embedding)},
              {"a sequence",
               fmt::format("{} of recurrent state, {} of keys and values for {} "
                           "tokens, {} for another one, kept as {}",
                           bytes(memory.run.state_bytes), bytes(memory.run.kv_bytes), tokens,
                           bytes(static_cast<uint64_t>(memory.kv_bytes_per_token)),
                           memory.shape.kv_format.name())},
              {"work", fmt::format("{} for passes of {} tokens, about {} for program and tables",
                                   bytes(memory.run.workspace_bytes), memory.shape.chunk_tokens,
                                   bytes(memory.run.overhead_bytes))}},
             layout) +
         "\n" + table.Render(layout) +
         fmt::format(
             "\nSlots are for each layer. In all: one sequence of {} tokens. Weights, 16-bit "
             "slots: experts decoded as\nthey are loaded and the embedding in memory, as the "
             "published figures come about.\n",
             tokens);
}

}  // namespace hlwq::cli
