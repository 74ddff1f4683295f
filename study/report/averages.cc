#include "study/report/averages.h"

#include <fmt/format.h>

#include <algorithm>

namespace hlwq::study {

SeedSpread SettingSets::Of(const Measure& measure) const {
  SeedSpread spread;
  double sum = 0;
  for (const MeasuredSet* set : seeds) {
    const std::optional<double> value = measure(*set);
    if (!value) continue;
    spread.low = spread.seeds == 0 ? *value : std::min(spread.low, *value);
    spread.high = spread.seeds == 0 ? *value : std::max(spread.high, *value);
    sum += *value;
    ++spread.seeds;
  }
  if (spread.seeds > 0) spread.mean = sum / static_cast<double>(spread.seeds);
  return spread;
}

std::vector<SettingSets> GroupBySetting(const Measurements& measurements) {
  std::vector<SettingSets> settings;
  for (const MeasuredSet& set : measurements.sets) {
    const auto known = std::ranges::find_if(settings, [&](const SettingSets& other) {
      return other.sampler().arm == set.sampler.arm && other.sampler().name == set.sampler.name &&
             other.counts_prompt() == set.counts_prompt;
    });
    if (known != settings.end()) {
      known->seeds.push_back(&set);
    } else {
      settings.push_back({{&set}});
    }
  }
  return settings;
}

const SettingSets* MainSetting(const std::vector<SettingSets>& settings, std::string_view arm) {
  const SettingSets* main = nullptr;
  for (const SettingSets& setting : settings) {
    const SamplerRecord& sampler = setting.sampler();
    const bool is_plain = sampler.method == "next-token" || sampler.method == "ancestral";
    if (sampler.arm != arm || !is_plain || setting.counts_prompt() || !sampler.prompt.empty() ||
        sampler.temperature != 1 || sampler.top_p != 1) {
      continue;
    }
    if (main == nullptr || sampler.steps > main->sampler().steps) main = &setting;
  }
  return main;
}

std::string SettingLabel(const SamplerRecord& sampler) {
  if (sampler.method == "data") return "the data";
  std::string label;
  if (sampler.steps > 0) {
    label = fmt::format("{} step{}, ", sampler.steps, sampler.steps == 1 ? "" : "s");
  }
  label += fmt::format("T {:g}", sampler.temperature);
  if (sampler.top_p < 1) label += fmt::format(", top-p {:g}", sampler.top_p);
  if (sampler.method == "confidence") label += ", by confidence";
  if (sampler.block_tokens > 0) label += fmt::format(", blocks of {}", sampler.block_tokens);
  return label;
}

std::optional<double> FluencyOf(const MeasuredSet& set) {
  if (!set.fluency) return std::nullopt;
  return set.fluency->nll;
}

}  // namespace hlwq::study
