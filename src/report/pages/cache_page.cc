#include "report/pages/cache_page.h"

#include <fmt/format.h>

#include "base/number_text.h"
#include "report/drawings/draw_hit_rates.h"
#include "report/markup.h"
#include "report/pages/page_frame.h"

namespace hlwq::report {
namespace {

void WriteHeader(Markup& page, const CachePageInput& input) {
  const CacheSimulation& simulation = input.simulation;
  page.Open("header").Leaf("p", {{"class", "kicker"}}, "Expert cache");
  page.Leaf("h1", {}, input.trace_name);
  page.Leaf(
      "p", {{"class", "lede"}},
      fmt::format("{} tokens of a {} model asked for {} experts, {} of {} in each of {} "
                  "layers. How many would have been in memory?",
                  FormatCount(simulation.tokens), simulation.model, FormatCount(simulation.uses),
                  simulation.top_k, simulation.experts, simulation.expert_layers));
  page.Open("dl", {{"class", "key"}});
  WriteKey(page, "All experts",
           FormatBytes(simulation.expert_bytes * simulation.experts * simulation.expert_layers),
           fmt::format("{} each", FormatBytes(simulation.expert_bytes)));
  WriteKey(page, "Busiest tenth of each layer", FormatPercent(simulation.busiest_tenth),
           "of the uses");
  WriteKey(page, "At most",
           FormatPercent(simulation.HitRate(simulation.uses - simulation.distinct)),
           fmt::format("{} different experts are read once in any case",
                       FormatCount(simulation.distinct)));
  page.Close().Close();
}

void WriteFigures(Markup& page, const CacheSimulation& simulation) {
  page.Open("section").Leaf("h2", {}, "Hit rate against memory");
  page.Leaf(
      "p", {{"class", "note"}},
      "Dashed: the optimum, in which what is needed again last makes room; no policy can know it.");
  page.Open("div", {{"class", "figures"}});
  for (const CacheScope scope : kCacheScopes) {
    const bool is_pool = scope == CacheScope::kPool;
    page.Open("figure").Leaf("h3", {},
                             is_pool ? "One pool for all layers" : "Slots of every layer");
    page.Raw(DrawHitRates(simulation, scope)).Close();
  }
  page.Close().Close();
}

void WriteTable(Markup& page, const CacheSimulation& simulation, CacheScope scope) {
  const bool is_pool = scope == CacheScope::kPool;
  page.Open("section").Leaf("h2", {}, is_pool ? "One pool" : "Slots of every layer");
  page.Open("div", {{"class", "scroll"}}).Open("table").Open("tr");
  page.Leaf("th", {{"class", "num"}}, is_pool ? "slots for each layer" : "slots");
  page.Leaf("th", {{"class", "num"}}, "memory");
  for (const std::string& policy : simulation.policies) {
    page.Leaf("th", {{"class", "num"}}, policy);
  }
  page.Close();
  for (const CacheSize& size : simulation.sizes) {
    page.Open("tr").Leaf("td", {{"class", "num"}}, FormatCount(size.slots));
    page.Leaf("td", {{"class", "num"}}, FormatBytes(size.bytes));
    for (const uint64_t hits : size.hits[static_cast<size_t>(scope)]) {
      page.Leaf("td", {{"class", "num"}}, fmt::format("{:.1f} %", 100 * simulation.HitRate(hits)));
    }
    page.Close();
  }
  page.Close().Close().Close();
}

}  // namespace

std::string RenderCachePage(const CachePageInput& input) {
  Markup page;
  OpenPage(page, input.trace_name + " · hlwq expert cache");
  WriteHeader(page, input);
  WriteFigures(page, input.simulation);
  for (const CacheScope scope : kCacheScopes) WriteTable(page, input.simulation, scope);
  ClosePage(page, input.tool_version);
  return std::move(page).Finish();
}

}  // namespace hlwq::report
