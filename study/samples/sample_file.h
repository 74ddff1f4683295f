// Samples of a model, and how they were made, in a file of JSON lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace hlwq::study {

// One setting of a sampler on one trained model.
struct SamplerRecord {
  std::string arm;
  uint64_t seed = 0;  // of the training
  std::string name;   // of the setting, and of its file: "t1-p0.9", "steps64"
  // "next-token", "ancestral", "confidence", "blocks"; "data": documents that no model made.
  std::string method;
  double temperature = 1, top_p = 1;
  uint64_t steps = 0;         // of masked ones
  uint64_t block_tokens = 0;  // 0: all at once
  std::string prompt;         // that all samples begin with; empty: the start of a document
  uint64_t trained_steps = 0;
  uint64_t sampling_seed = 0;
  double seconds = 0;

  bool operator==(const SamplerRecord&) const = default;
};

// Without the tokens that begin and end a document.
struct Sample {
  std::vector<int32_t> tokens;
  std::string text;          // of all tokens
  size_t prompt_tokens = 0;  // how many of the tokens the sampler was given,
  size_t prompt_bytes = 0;   // and how much of the text they are

  bool operator==(const Sample&) const = default;
};

struct SampleSet {
  SamplerRecord sampler;
  std::vector<Sample> samples;

  bool operator==(const SampleSet&) const = default;
};

// The first line is {"sampler": {..}}, each other one a sample: {"tokens", "text", "prompt_tokens",
// "prompt_bytes"}. Written as a whole or not at all. Throws Error{kIo}.
void WriteSamples(const std::filesystem::path& path, const SampleSet& set);
// Throws Error{kInvalidData} naming the file, the line and the key.
SampleSet ReadSamples(const std::filesystem::path& path);

nlohmann::json ToJson(const SamplerRecord& sampler);
SamplerRecord SamplerFromJson(const nlohmann::json& json);

}  // namespace hlwq::study
