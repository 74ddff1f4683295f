#include "study/samples/measured_set.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_reader.h"

namespace hlwq::study {
namespace {

using nlohmann::json;

constexpr SizeRange kSetCounts = {0, uint64_t{1} << 53};

json ToJson(const Fluency& fluency) {
  return {{"nll", fluency.nll}, {"se", fluency.error}, {"tokens", fluency.tokens}};
}

Fluency FluencyFromJson(const json& document) {
  const JsonReader reader(document);
  const auto nll = reader.OptionalNumber("nll", {-1e6, 1e6});
  const auto error = reader.OptionalNumber("se", {0, 1e6});
  if (!nll) reader.Fail("nll", "want a number, got none");
  if (!error) reader.Fail("se", "want a number, got none");
  return {.nll = *nll, .error = *error, .tokens = reader.Size("tokens", kSetCounts)};
}

json ToJson(const MeasuredSet& set) {
  json document = {{"sampler", ToJson(set.sampler)},
                   {"counts_prompt", set.counts_prompt},
                   {"diversity", ToJson(set.diversity)},
                   {"examples", set.examples}};
  if (set.copies) document["copies"] = ToJson(*set.copies);
  if (set.fluency) document["fluency"] = ToJson(*set.fluency);
  return document;
}

MeasuredSet SetFromJson(const json& document) {
  const JsonReader reader(document);
  MeasuredSet set = {
      .sampler = SamplerFromJson(reader.Object("sampler")),
      .counts_prompt = reader.Flag("counts_prompt", false),
      .diversity = DiversityFromJson(reader.Object("diversity")),
      .examples = reader.OptionalStrings("examples", 1 << 20).value_or(std::vector<std::string>())};
  if (reader.Has("copies")) set.copies = CopiesFromJson(reader.Object("copies"));
  if (reader.Has("fluency")) set.fluency = FluencyFromJson(reader.Object("fluency"));
  return set;
}

}  // namespace

json ToJson(const Measurements& measurements) {
  json sets = json::array();
  for (const MeasuredSet& set : measurements.sets) sets.push_back(ToJson(set));
  return {{"most_words", measurements.most_words}, {"judge", measurements.judge}, {"sets", sets}};
}

Measurements MeasurementsFromJson(const json& document) {
  const JsonReader reader(document);
  Measurements measurements = {.most_words = reader.Size("most_words", kSetCounts),
                               .judge = reader.String("judge")};
  const json& sets = reader.List("sets");
  for (size_t index = 0; index < sets.size(); ++index) {
    WithContext(fmt::format("sets[{}]", index),
                [&] { measurements.sets.push_back(SetFromJson(sets[index])); });
  }
  return measurements;
}

}  // namespace hlwq::study
