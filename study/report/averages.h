// The same measure of the same setting over the seeds of an arm.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "study/samples/measured_set.h"

namespace hlwq::study {

// Over seeds that have the measure.
struct SeedSpread {
  double mean = 0, low = 0, high = 0;
  size_t seeds = 0;  // 0: none has it
};

// The sets of one arm with one setting of the sampler, that count the prompt or do not.
struct SettingSets {
  std::vector<const MeasuredSet*> seeds;  // never empty; borrowed

  const SamplerRecord& sampler() const noexcept { return seeds[0]->sampler; }
  bool counts_prompt() const noexcept { return seeds[0]->counts_prompt; }
  using Measure = std::function<std::optional<double>(const MeasuredSet&)>;
  SeedSpread Of(const Measure& measure) const;
};

// In order of appearance. Borrows.
std::vector<SettingSets> GroupBySetting(const Measurements& measurements);

// The setting that speaks for an arm: temperature 1, all tokens of next-token samplers, the most steps of ancestral
// ones, and no prompt. Null where none was measured.
const SettingSets* MainSetting(const std::vector<SettingSets>& settings, std::string_view arm);

// "T 0.8, top-p 0.9", "64 steps, T 1, confidence".
std::string SettingLabel(const SamplerRecord& sampler);

std::optional<double> FluencyOf(const MeasuredSet& set);

}  // namespace hlwq::study
