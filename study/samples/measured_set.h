// What was measured of the samples of one setting; a study keeps all in diversity.json.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "study/diversity/diversity.h"
#include "study/diversity/fluency.h"
#include "study/samples/sample_file.h"

namespace hlwq::study {

struct MeasuredSet {
  SamplerRecord sampler;
  // Measures count the prompt as a part of the samples ("whole", as the paper does), or not.
  bool counts_prompt = false;
  Diversity diversity;
  std::optional<CopyStatistics> copies;
  std::string longest_copy;  // its text
  std::optional<Fluency> fluency;
  std::vector<std::string> examples;  // the first samples, prompt included

  bool operator==(const MeasuredSet&) const = default;
};

struct Measurements {
  // Words of each sample that Distinct-n and Self-BLEU saw; 0: all.
  size_t most_words = 0;
  std::string judge;  // the model that fluency is under; empty: none
  std::vector<MeasuredSet> sets;

  bool operator==(const Measurements&) const = default;
};

nlohmann::json ToJson(const Measurements& measurements);
// Throws Error{kInvalidData} naming the key.
Measurements MeasurementsFromJson(const nlohmann::json& json);

// Of one file of samples. `documents` are those that copies are looked for in; none: not looked for. `judge` may be
// null; `has_judges_tokens`: the samples' tokens are its own, `start` begins a document in them.
struct MeasureOptions {
  DiversityOptions diversity;
  bool counts_prompt = false;
  size_t examples = 4;
};
struct Corpus {
  std::vector<std::span<const uint16_t>> narrow;  // documents, of one
  std::vector<std::span<const int32_t>> wide;     // or the other kind
};
struct JudgeUse {
  Judge* judge = nullptr;
  std::optional<int32_t> start;  // set where the samples' tokens are the judge's
};
MeasuredSet MeasureSet(const SampleSet& set, const Corpus& corpus, const JudgeUse& use,
                       const MeasureOptions& options);

}  // namespace hlwq::study
