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

struct MeasureOptions {
  DiversityOptions diversity;
  bool counts_prompt = false;
  size_t examples = 4;
};

// What samples are measured against.
struct MeasureAgainst {
  // Documents of the training split, without the tokens that begin and end them; none: no copies are
  // looked for. Borrowed, from a mapped file mostly.
  std::span<const std::span<const int32_t>> documents;
  Judge* judge = nullptr;  // null: no fluency
  // What begins a document, where the samples' tokens are the judge's own; empty: the texts are encoded
  // anew.
  std::optional<int32_t> judge_start;
};

// Throws as Judge::Score.
MeasuredSet MeasureSet(const SampleSet& set, const MeasureAgainst& against,
                       const MeasureOptions& options);

}  // namespace hlwq::study
