#include "runtime/generation_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "base/json_reader.h"

namespace hlwq::runtime {
namespace {

using nlohmann::json;

constexpr size_t kMostEosIds = 1024;

TokenId ReadId(const json& value) {
  const uint64_t id = UnsignedValue(value);
  if (id > std::numeric_limits<TokenId>::max()) {
    throw Error(ErrorCode::kInvalidData, fmt::format("want a token id, got {}", id));
  }
  return static_cast<TokenId>(id);
}

// One id, or a list of them, each a number or, as some files have it, a text.
void ReadIds(const json& value, std::vector<TokenId>& ids, std::vector<std::string>& texts) {
  if (value.is_array()) {
    if (value.size() > kMostEosIds) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("want at most {} ids, got {}", kMostEosIds, value.size()));
    }
    for (const json& item : value) {
      if (item.is_array()) throw Error(ErrorCode::kInvalidData, "want a token id, got a list");
      ReadIds(item, ids, texts);
    }
    return;
  }
  if (value.is_string()) {
    texts.push_back(value.get<std::string>());
    return;
  }
  const TokenId id = ReadId(value);
  if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
}

struct Source {
  const json& object;
  std::string name;
};

// Calls read(value) for what the sources say under the key, as long as it returns true; a null counts as
// absent.
template <typename Read>
void ForEachSource(const std::array<Source, 3>& sources, const char* key, Read read) {
  for (const Source& source : sources) {
    if (!source.object.is_object()) continue;
    const auto found = source.object.find(key);
    if (found == source.object.end() || found->is_null()) continue;
    if (!WithContext(fmt::format("{}: '{}'", source.name, key), [&] { return read(*found); }))
      return;
  }
}

void ReadSampling(GenerationConfig& result, const json& generation_config) {
  const JsonReader reader(generation_config);
  if (reader.Has("do_sample")) result.do_sample = reader.Flag("do_sample", false);
  result.temperature = reader.OptionalNumber("temperature", {0, 100});
  result.top_p = reader.OptionalNumber("top_p", {0, 1});
  result.min_p = reader.OptionalNumber("min_p", {0, 1});
  result.typical_p = reader.OptionalNumber("typical_p", {0, 1});
  result.repetition_penalty = reader.OptionalNumber("repetition_penalty", {0.01, 100});
  const json* top_k = reader.Find("top_k");
  if (top_k != nullptr && *top_k == -1) {
    result.top_k = 0;  // all, as vLLM has it
  } else if (const auto most =
                 reader.OptionalSize("top_k", {0, std::numeric_limits<TokenId>::max()})) {
    result.top_k = *most;
  }
}

}  // namespace

SamplerOptions GenerationConfig::Apply(SamplerOptions defaults) const {
  SamplerOptions options = std::move(defaults);
  options.temperature = temperature.value_or(options.temperature);
  if (do_sample == false) options.temperature = 0;
  options.top_k = top_k.value_or(options.top_k);
  options.top_p = top_p.value_or(options.top_p);
  options.min_p = min_p.value_or(options.min_p);
  options.typical_p = typical_p.value_or(options.typical_p);
  options.penalties.repeat = repetition_penalty.value_or(options.penalties.repeat);
  return options;
}

GenerationConfig ReadGenerationConfig(const json& generation_config, const json& config) {
  static const json kNone;
  const bool is_nested = config.is_object() && config.contains("text_config");
  const std::array<Source, 3> sources = {
      Source{generation_config, "generation_config.json"}, Source{config, "config.json"},
      Source{is_nested ? config["text_config"] : kNone, "config.json: text_config"}};
  GenerationConfig result;
  ForEachSource(sources, "eos_token_id", [&](const json& value) {
    ReadIds(value, result.eos, result.eos_texts);
    return true;
  });
  ForEachSource(sources, "bos_token_id", [&](const json& value) {
    std::vector<TokenId> ids;
    std::vector<std::string> texts;
    ReadIds(value, ids, texts);
    if (!ids.empty()) result.bos = ids.front();
    return ids.empty();
  });
  if (generation_config.is_object()) {
    WithContext("generation_config.json", [&] { ReadSampling(result, generation_config); });
  }
  return result;
}

}  // namespace hlwq::runtime
