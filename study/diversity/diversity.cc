#include "study/diversity/diversity.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>

#include "study/diversity/self_bleu.h"
#include "study/diversity/words.h"

namespace hlwq::study {
namespace {

std::vector<std::string_view> FirstWords(std::string_view text, size_t most) {
  std::vector<std::string_view> words = SplitWords(text);
  if (words.size() > most) words.resize(most);
  return words;
}

void MeasureOpenings(std::span<const std::string_view> texts, Diversity& result) {
  std::map<std::string_view, size_t> first_words;
  std::set<std::vector<std::string_view>> openings;
  for (const std::string_view text : texts) {
    std::vector<std::string_view> opening = FirstWords(text, kOpeningWords);
    ++first_words[opening.empty() ? std::string_view() : opening[0]];
    openings.insert(std::move(opening));
  }
  const auto most =
      std::ranges::max_element(first_words, {}, [](const auto& entry) { return entry.second; });
  const auto samples = static_cast<double>(texts.size());
  result.first_word = most->first;
  result.first_word_share = static_cast<double>(most->second) / samples;
  result.unique_openings = static_cast<double>(openings.size()) / samples;
}

double Entropy(const std::unordered_map<int32_t, uint64_t>& counts) {
  // In the order of counts: the sum must not depend on that of the table.
  std::vector<uint64_t> ordered;
  uint64_t total = 0;
  for (const auto& [token, count] : counts) {
    ordered.push_back(count);
    total += count;
  }
  std::ranges::sort(ordered);
  double entropy = 0;
  for (const uint64_t count : ordered) {
    const double share = static_cast<double>(count) / static_cast<double>(total);
    entropy -= share * std::log(share);
  }
  return entropy;
}

void MeasureEntropies(std::span<const TokenIds> tokens, Diversity& result) {
  std::unordered_map<int32_t, uint64_t> all;
  double sum = 0;
  for (const TokenIds& sample : tokens) {
    std::unordered_map<int32_t, uint64_t> counts;
    for (const int32_t token : sample) {
      ++counts[token];
      ++all[token];
    }
    sum += Entropy(counts);
    result.tokens += sample.size();
  }
  result.token_entropy = Entropy(all);
  result.sample_entropy = sum / static_cast<double>(tokens.size());
}

// Mean and standard error; the error is 0 for one score.
std::pair<double, double> MeanAndError(const std::vector<double>& scores) {
  const auto count = static_cast<double>(scores.size());
  double sum = 0, squares = 0;
  for (const double score : scores) sum += score;
  const double mean = sum / count;
  for (const double score : scores) squares += (score - mean) * (score - mean);
  return {mean, count > 1 ? std::sqrt(squares / (count - 1) / count) : 0.0};
}

}  // namespace

Diversity MeasureDiversity(std::span<const std::string_view> texts,
                           std::span<const TokenIds> tokens, const DiversityOptions& options) {
  Diversity result = {.samples = texts.size()};
  if (texts.empty()) return result;
  MeasureOpenings(texts, result);
  MeasureEntropies(tokens, result);
  std::vector<WordIds> words = NumberWords(texts);
  for (WordIds& text : words) {
    if (options.most_words > 0 && text.size() > options.most_words) text.resize(options.most_words);
    result.words += text.size();
  }
  const std::vector<Ngrams> ngrams = NumberNgrams(words, kBleuOrder);
  for (size_t n = 0; n < result.distinct.size(); ++n) {
    if (ngrams[n].total == 0) continue;
    result.distinct[n] =
        static_cast<double>(ngrams[n].different) / static_cast<double>(ngrams[n].total);
  }
  std::tie(result.self_bleu, result.self_bleu_error) =
      MeanAndError(SelfBleuScores(ngrams, options.threads));
  return result;
}

CopyStatistics SummarizeCopies(std::span<const VerbatimCopy> copies,
                               std::span<const TokenIds> samples) {
  CopyStatistics result;
  if (copies.empty()) return result;
  for (size_t sample = 0; sample < copies.size(); ++sample) {
    const size_t length = copies[sample].length, tokens = samples[sample].size();
    result.mean_tokens += static_cast<double>(length);
    if (tokens > 0) {
      result.mean_share += static_cast<double>(length) / static_cast<double>(tokens);
      if (length == tokens) ++result.whole_samples;
    }
    if (length > result.most_tokens) {
      result.most_tokens = length;
      result.most_sample = sample;
    }
  }
  const auto count = static_cast<double>(copies.size());
  result.mean_tokens /= count;
  result.mean_share /= count;
  result.whole_samples /= count;
  return result;
}

}  // namespace hlwq::study
