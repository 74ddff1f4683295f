#include "study/samples/settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/stopwatch.h"
#include "study/sampling/autoregressive_sampler.h"
#include "study/sampling/masked_sampler.h"

namespace hlwq::study {
namespace {

constexpr text::EncodeOptions kPlainText = {.add_special = false, .parse_special = false};

std::vector<SamplerRecord> NextTokenSettings(const SamplingConfig& sampling) {
  std::vector<SamplerRecord> settings;
  for (const double top_p : sampling.top_p) {
    for (const double temperature : sampling.temperatures) {
      settings.push_back({.name = fmt::format("t{:g}", temperature),
                          .method = "next-token",
                          .temperature = temperature,
                          .top_p = top_p});
      if (top_p < 1) settings.back().name += fmt::format("-p{:g}", top_p);
    }
  }
  for (size_t index = 0; index < sampling.prompts.size(); ++index) {
    settings.push_back({.name = fmt::format("prompt{}", index + 1),
                        .method = "next-token",
                        .prompt = sampling.prompts[index]});
  }
  return settings;
}

std::vector<SamplerRecord> MaskedSettings(const SamplingConfig& sampling) {
  std::vector<SamplerRecord> settings;
  uint64_t most = 1;
  for (const size_t steps : sampling.steps) {
    settings.push_back(
        {.name = fmt::format("steps{}", steps), .method = "ancestral", .steps = steps});
    most = std::max<uint64_t>(most, steps);
  }
  for (const size_t steps : sampling.confidence_steps) {
    settings.push_back(
        {.name = fmt::format("confidence{}", steps), .method = "confidence", .steps = steps});
  }
  for (const size_t tokens : sampling.block_tokens) {
    settings.push_back({.name = fmt::format("blocks{}", tokens),
                        .method = "blocks",
                        .steps = most,
                        .block_tokens = tokens});
  }
  for (const double temperature : sampling.temperatures) {
    if (temperature == 1) continue;
    settings.push_back({.name = fmt::format("steps{}-t{:g}", most, temperature),
                        .method = "ancestral",
                        .temperature = temperature,
                        .steps = most});
  }
  for (size_t index = 0; index < sampling.prompts.size(); ++index) {
    settings.push_back({.name = fmt::format("prompt{}", index + 1),
                        .method = "ancestral",
                        .steps = most,
                        .prompt = sampling.prompts[index]});
  }
  return settings;
}

std::vector<std::vector<int32_t>> MakeBatch(const SampledModel& model, const SamplerRecord& record,
                                            const SamplingRun& run,
                                            const std::vector<std::vector<int32_t>>& prompts,
                                            size_t first) {
  const DrawOptions draw = {.temperature = record.temperature, .top_p = record.top_p};
  if (model.next != nullptr) {
    return SampleAutoregressive(
        *model.next, prompts,
        {.draw = draw, .length = run.length, .end = run.start, .seed = record.sampling_seed},
        first);
  }
  return SampleMasked(
      *model.masked, prompts,
      {.draw = draw,
       .length = run.length,
       .steps = record.steps,
       .order = record.method == "confidence" ? UnmaskOrder::kConfidence : UnmaskOrder::kAncestral,
       .block_tokens = record.block_tokens,
       .schedule = run.schedule,
       .seed = record.sampling_seed},
      first);
}

// Without the start token; what comes after another one is another document's.
Sample ToSample(std::vector<int32_t> tokens, size_t prompt_tokens, const text::Tokenizer& tokenizer,
                const SamplingRun& run) {
  if (run.start) {
    tokens.erase(tokens.begin());
    const auto end =
        std::find(tokens.begin() + static_cast<ptrdiff_t>(prompt_tokens), tokens.end(), *run.start);
    tokens.erase(end, tokens.end());
  }
  Sample sample = {.text = tokenizer.Decode(tokens, /*skip_special=*/true),
                   .prompt_tokens = prompt_tokens};
  sample.prompt_bytes = std::min(
      tokenizer.Decode(std::span(tokens).first(prompt_tokens), /*skip_special=*/true).size(),
      sample.text.size());
  sample.tokens = std::move(tokens);
  return sample;
}

}  // namespace

std::vector<SamplerRecord> SettingsOf(const SamplingConfig& sampling, const ArmConfig& arm) {
  std::vector<SamplerRecord> settings = arm.objective == ObjectiveKind::kAutoregressive
                                            ? NextTokenSettings(sampling)
                                            : MaskedSettings(sampling);
  for (SamplerRecord& setting : settings) setting.arm = arm.name;
  return settings;
}

SampleSet MakeSamples(const SampledModel& model, const SamplerRecord& record,
                      const text::Tokenizer& tokenizer, const SamplingRun& run) {
  const Stopwatch watch;
  const std::vector<int32_t> words = tokenizer.Encode(record.prompt, kPlainText);
  std::vector<int32_t> prompt;
  if (run.start) prompt.push_back(*run.start);
  prompt.insert(prompt.end(), words.begin(), words.end());
  SampleSet set = {.sampler = record};
  while (set.samples.size() < run.samples) {
    const size_t first = set.samples.size(), size = std::min(run.batch, run.samples - first);
    for (auto& tokens : MakeBatch(model, record, run, {size, prompt}, first)) {
      set.samples.push_back(ToSample(std::move(tokens), words.size(), tokenizer, run));
    }
    if (run.on_progress) run.on_progress(set.samples.size());
  }
  set.sampler.seconds = watch.Seconds();
  return set;
}

SampleSet TakeDocuments(const std::vector<std::span<const int32_t>>& documents,
                        const text::Tokenizer& tokenizer, const SamplingRun& run) {
  SampleSet set = {.sampler = {.name = "data", .method = "data"}};
  for (const auto& document : documents) {
    if (set.samples.size() == run.samples) break;
    const auto cut = document.first(std::min(document.size(), run.length));
    set.samples.push_back(ToSample({cut.begin(), cut.end()}, 0, tokenizer, run));
  }
  return set;
}

}  // namespace hlwq::study
