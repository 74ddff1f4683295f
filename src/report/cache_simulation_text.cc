#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/number_text.h"
#include "base/text_table.h"
#include "report/cache_simulation.h"

namespace hlwq::report {

nlohmann::json CacheSimulationToJson(const CacheSimulation& simulation) {
  nlohmann::json sizes = nlohmann::json::array();
  for (const CacheSize& size : simulation.sizes) {
    nlohmann::json hits, rates;
    for (size_t scope = 0; scope < kCacheScopes.size(); ++scope) {
      const std::string scope_name(CacheScopeName(kCacheScopes[scope]));
      for (size_t column = 0; column < simulation.policies.size(); ++column) {
        const std::string& name = simulation.policies[column];
        hits[scope_name][name] = size.hits[scope][column];
        rates[scope_name][name] = simulation.HitRate(size.hits[scope][column]);
      }
    }
    sizes.push_back({{"slots", size.slots},
                     {"bytes", size.bytes},
                     {"hits", std::move(hits)},
                     {"hit_rate", std::move(rates)}});
  }
  return {{"model", simulation.model},
          {"experts", simulation.experts},
          {"top_k", simulation.top_k},
          {"expert_layers", simulation.expert_layers},
          {"expert_bytes", simulation.expert_bytes},
          {"passes", simulation.passes},
          {"tokens", simulation.tokens},
          {"uses", simulation.uses},
          {"distinct", simulation.distinct},
          {"busiest_tenth", simulation.busiest_tenth},
          {"sizes", std::move(sizes)}};
}

std::string CacheSimulationToText(const CacheSimulation& simulation, const TextLayout& layout) {
  std::string text = RenderPairs(
      {{"model", simulation.model},
       {"experts", fmt::format("{} of {}, {} layers with {} each", simulation.top_k,
                               simulation.experts, simulation.expert_layers,
                               FormatBytes(simulation.expert_bytes * simulation.experts))},
       {"trace", fmt::format("{} tokens in {} passes, {} uses of {} experts",
                             FormatCount(simulation.tokens), FormatCount(simulation.passes),
                             FormatCount(simulation.uses), FormatCount(simulation.distinct))},
       {"busiest tenth", FormatPercent(simulation.busiest_tenth) + " of the uses"}},
      layout);
  std::vector<TextTable::Column> columns = {{"slots", TextTable::Align::kRight},
                                            {"memory", TextTable::Align::kRight}};
  for (const CacheScope scope : kCacheScopes) {
    const bool is_pool = scope == CacheScope::kPool;
    for (const std::string& policy : simulation.policies) {
      columns.push_back(
          {fmt::format("{}{}", is_pool ? "pool " : "", policy), TextTable::Align::kRight});
    }
  }
  TextTable table(std::move(columns));
  for (const CacheSize& size : simulation.sizes) {
    std::vector<std::string> cells = {FormatCount(size.slots), FormatBytes(size.bytes)};
    for (const auto& of_scope : size.hits) {
      for (const uint64_t hits : of_scope) {
        cells.push_back(fmt::format("{:.1f} %", 100 * simulation.HitRate(hits)));
      }
    }
    table.AddRow(std::move(cells));
  }
  text += "\n" + table.Render(layout);
  text +=
      "\nShare of the uses that find their expert in memory. slots: for each layer, its own; pool: "
      "as many in all, for any\nlayer. optimum: what is needed again last makes room, which no "
      "policy can know.\n";
  return text;
}

}  // namespace hlwq::report
