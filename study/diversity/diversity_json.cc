#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_reader.h"
#include "study/diversity/diversity.h"

namespace hlwq::study {
namespace {

constexpr NumberRange kAnyMeasure = {0, 1e15};
constexpr SizeRange kMeasureCounts = {0, uint64_t{1} << 53};

double MeasureNumber(const JsonReader& reader, std::string_view key) {
  const auto value = reader.OptionalNumber(key, kAnyMeasure);
  if (!value) reader.Fail(key, "want a number, got none");
  return *value;
}

}  // namespace

nlohmann::json ToJson(const Diversity& diversity) {
  return {{"samples", diversity.samples},
          {"words", diversity.words},
          {"tokens", diversity.tokens},
          {"first_word", diversity.first_word},
          {"first_word_share", diversity.first_word_share},
          {"unique_openings", diversity.unique_openings},
          {"distinct", diversity.distinct},
          {"self_bleu_4", diversity.self_bleu},
          {"self_bleu_4_se", diversity.self_bleu_error},
          {"token_entropy", diversity.token_entropy},
          {"sample_entropy", diversity.sample_entropy}};
}

Diversity DiversityFromJson(const nlohmann::json& json) {
  const JsonReader reader(json);
  Diversity result = {.samples = reader.Size("samples", kMeasureCounts),
                      .words = reader.Size("words", kMeasureCounts),
                      .tokens = reader.Size("tokens", kMeasureCounts),
                      .first_word = reader.String("first_word"),
                      .first_word_share = MeasureNumber(reader, "first_word_share"),
                      .unique_openings = MeasureNumber(reader, "unique_openings"),
                      .self_bleu = MeasureNumber(reader, "self_bleu_4"),
                      .self_bleu_error = MeasureNumber(reader, "self_bleu_4_se"),
                      .token_entropy = MeasureNumber(reader, "token_entropy"),
                      .sample_entropy = MeasureNumber(reader, "sample_entropy")};
  const nlohmann::json& distinct = reader.List("distinct");
  if (distinct.size() != result.distinct.size()) reader.Fail("distinct", "want 4 numbers");
  for (size_t n = 0; n < result.distinct.size(); ++n) {
    if (!distinct[n].is_number())
      reader.Fail("distinct", "want numbers, got " + Shown(distinct[n]));
    result.distinct[n] = distinct[n].get<double>();
  }
  return result;
}

nlohmann::json ToJson(const CopyStatistics& copies) {
  return {{"mean_tokens", copies.mean_tokens},
          {"most_tokens", copies.most_tokens},
          {"most_sample", copies.most_sample},
          {"mean_share", copies.mean_share},
          {"whole_samples", copies.whole_samples}};
}

CopyStatistics CopiesFromJson(const nlohmann::json& json) {
  const JsonReader reader(json);
  return {.mean_tokens = MeasureNumber(reader, "mean_tokens"),
          .most_tokens = reader.Size("most_tokens", kMeasureCounts),
          .most_sample = reader.Size("most_sample", kMeasureCounts),
          .mean_share = MeasureNumber(reader, "mean_share"),
          .whole_samples = MeasureNumber(reader, "whole_samples")};
}

}  // namespace hlwq::study
