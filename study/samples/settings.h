// Which samples a configuration asks for.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "study/config/config.h"
#include "study/samples/sample_file.h"
#include "study/sampling/predictor.h"
#include "text/tokenizer.h"

namespace hlwq::study {

// Of an autoregressive arm: each temperature with each top_p, and each prompt at temperature 1. Of a masked arm: each number of
// steps at temperature 1 (in the order of confidence too, where asked), and at the most steps each other temperature, each
// size of blocks and each prompt. Names are unique within the arm.
std::vector<SamplerRecord> SettingsOf(const SamplingConfig& sampling, const ArmConfig& arm);

// One of these is set.
struct SampledModel {
  NextTokenModel* next = nullptr;
  MaskedTokenModel* masked = nullptr;
};

struct SamplingRun {
  size_t samples = 0;
  size_t batch = 1;
  size_t length = 0;  // tokens of a sample
  std::optional<int32_t>
      start;  // of a document, where windows hold it: samples begin with it, and end
              // where it comes up again
  NoiseSchedule schedule = NoiseSchedule::kLinear;  // of a masked model
  std::function<void(size_t done)> on_progress;
};

// The samples of one setting; `record` becomes that of the set, with its seconds. Throws as SampleAutoregressive
// and SampleMasked.
SampleSet MakeSamples(const SampledModel& model, const SamplerRecord& record,
                      const text::Tokenizer& tokenizer, const SamplingRun& run);

// Documents as a set to compare with: the first `samples`, each cut to what a sample may have.
SampleSet TakeDocuments(const std::vector<std::span<const int32_t>>& documents,
                        const text::Tokenizer& tokenizer, const SamplingRun& run);

}  // namespace hlwq::study
