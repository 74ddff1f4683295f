// How different the samples of a model are from each other and from what it was trained on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "study/diversity/verbatim.h"

namespace hlwq::study {

struct DiversityOptions {
  // Words of each text that Distinct-n and Self-BLEU see; 0: all. Both change with the length of the
  // texts, so sets of samples are only to be compared with the same words of each.
  size_t most_words = 0;
  int threads = 0;  // 0: the cores of this process
};

inline constexpr size_t kOpeningWords = 5;

// Words are those of SplitWords. Shares are in 0 .. 1; entropies in nats.
struct Diversity {
  size_t samples = 0;
  uint64_t words = 0, tokens = 0;
  // The word that most samples begin with (of several the first in the order of bytes; samples of no words begin
  // with ""), and the share of the samples that do.
  std::string first_word;
  double first_word_share = 0;
  // Different openings of five words (all words of a shorter text), for each sample.
  double unique_openings = 0;
  // Different n-grams of words over all n-grams of all samples (Li et al. 2016, arXiv:1510.03055); 0
  // without any.
  std::array<double, 4> distinct = {};
  double self_bleu = 0;        // mean of SelfBleuScores
  double self_bleu_error = 0;  // their deviation / sqrt(samples)
  // Shannon entropy of the tokens of all samples taken together, and that of the tokens of each, mean.
  double token_entropy = 0, sample_entropy = 0;

  bool operator==(const Diversity&) const = default;
};

// `texts` and `tokens` are the same samples, as many of each.
Diversity MeasureDiversity(std::span<const std::string_view> texts,
                           std::span<const TokenIds> tokens, const DiversityOptions& options);

// What the samples have word for word from the documents they were trained on.
struct CopyStatistics {
  double mean_tokens = 0;  // of the longest copy of each sample
  size_t most_tokens = 0;
  size_t most_sample = 0;    // which sample that is, the first of several
  double mean_share = 0;     // of a sample's tokens, its longest copy
  double whole_samples = 0;  // share of the samples, none empty, that are copies from end to end

  bool operator==(const CopyStatistics&) const = default;
};
CopyStatistics SummarizeCopies(std::span<const VerbatimCopy> copies,
                               std::span<const TokenIds> samples);

nlohmann::json ToJson(const Diversity& diversity);
nlohmann::json ToJson(const CopyStatistics& copies);
// Throw Error{kInvalidData} naming the key.
Diversity DiversityFromJson(const nlohmann::json& json);
CopyStatistics CopiesFromJson(const nlohmann::json& json);

}  // namespace hlwq::study
