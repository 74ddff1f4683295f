#include "study/samples/measured_set.h"

namespace hlwq::study {
namespace {

Fluency ScoreSet(const SampleSet& set, const MeasureAgainst& against) {
  std::vector<JudgedSequence> sequences;
  for (const Sample& sample : set.samples) {
    if (!against.judge_start) {
      sequences.push_back(against.judge->Encode(sample.text, sample.prompt_bytes));
      continue;
    }
    JudgedSequence& sequence = sequences.emplace_back();
    sequence.tokens.push_back(*against.judge_start);
    sequence.tokens.insert(sequence.tokens.end(), sample.tokens.begin(), sample.tokens.end());
    sequence.first_scored = 1 + sample.prompt_tokens;
  }
  return against.judge->Score(sequences);
}

}  // namespace

MeasuredSet MeasureSet(const SampleSet& set, const MeasureAgainst& against,
                       const MeasureOptions& options) {
  MeasuredSet measured = {.sampler = set.sampler, .counts_prompt = options.counts_prompt};
  std::vector<std::string_view> texts;
  std::vector<TokenIds> tokens;
  for (const Sample& sample : set.samples) {
    const size_t bytes = options.counts_prompt ? 0 : sample.prompt_bytes;
    const size_t first = options.counts_prompt ? 0 : sample.prompt_tokens;
    texts.push_back(std::string_view(sample.text).substr(bytes));
    tokens.emplace_back(sample.tokens.begin() + static_cast<ptrdiff_t>(first), sample.tokens.end());
    if (measured.examples.size() < options.examples) measured.examples.push_back(sample.text);
  }
  measured.diversity = MeasureDiversity(texts, tokens, options.diversity);
  if (!against.documents.empty() && !tokens.empty()) {
    measured.copies = SummarizeCopies(
        LongestCopies(tokens, against.documents, options.diversity.threads), tokens);
  }
  if (against.judge != nullptr) measured.fluency = ScoreSet(set, against);
  return measured;
}

}  // namespace hlwq::study
