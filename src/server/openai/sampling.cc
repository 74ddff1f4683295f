#include "server/openai/sampling.h"

#include <fmt/format.h>

#include <charconv>
#include <random>

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;

constexpr uint64_t kMostTokens = uint64_t{1} << 31;
constexpr uint64_t kMostChoices = 64;
constexpr size_t kMostStops = 64;

uint64_t RandomSeed() {
  std::random_device device;
  return (uint64_t{device()} << 21) ^ device();
}

// {"50256": -100}: -100 and below forbid a token, as with OpenAI.
std::vector<runtime::LogitBias> BiasesOf(const Fields& fields) {
  const ordered_json* value = fields.Find("logit_bias");
  if (value == nullptr) return {};
  const auto fail = [&](const std::string& got) {
    throw BadRequest{"'logit_bias': want token ids with numbers from -100 to 100, got " + got,
                     "logit_bias"};
  };
  if (!value->is_object()) fail(ShortOf(*value));
  std::vector<runtime::LogitBias> biases;
  for (const auto& [id, bias] : value->items()) {
    runtime::LogitBias entry;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), entry.token);
    const double number = bias.is_number() ? bias.get<double>() : 1e9;
    if (error != std::errc() || end != id.data() + id.size() ||
        !(number >= -100 && number <= 100)) {
      fail(fmt::format("'{}': {}", id.substr(0, 40), ShortOf(bias)));
    }
    entry.bias =
        number <= -100 ? -std::numeric_limits<float>::infinity() : static_cast<float>(number);
    biases.push_back(entry);
  }
  return biases;
}

// Empty for -1 too, by which clients of llama.cpp mean none.
std::optional<uint64_t> WholeOrNone(const Fields& fields, const char* name, uint64_t least,
                                    uint64_t most) {
  const ordered_json* value = fields.Find(name);
  if (value != nullptr && value->is_number() && *value == -1) return std::nullopt;
  return fields.Whole(name, least, most);
}

}  // namespace

Request ReadSampling(const Fields& fields, const runtime::GenerateOptions& defaults) {
  Request request;
  request.generate = defaults;
  runtime::SamplerOptions& sampler = request.generate.sampler;
  const auto number = [&](const char* name, double least, double most, double& to) {
    if (const auto value = fields.Number(name, least, most)) to = *value;
  };
  number("temperature", 0, 100, sampler.temperature);
  number("top_p", 0, 1, sampler.top_p);
  number("min_p", 0, 1, sampler.min_p);
  number("typical_p", 0, 1, sampler.typical_p);
  number("presence_penalty", -2, 2, sampler.penalties.presence);
  number("frequency_penalty", -2, 2, sampler.penalties.frequency);
  number("repeat_penalty", 0.01, 100, sampler.penalties.repeat);
  number("repetition_penalty", 0.01, 100, sampler.penalties.repeat);
  if (const auto top_k = WholeOrNone(fields, "top_k", 0, kMostTokens)) sampler.top_k = *top_k;
  if (const auto window = fields.Whole("repeat_last_n", 0, kMostTokens)) {
    sampler.penalties.window = *window;
  }
  sampler.biases = BiasesOf(fields);
  sampler.seed = WholeOrNone(fields, "seed", 0, uint64_t{1} << 52).value_or(RandomSeed());
  for (const char* name : {"max_tokens", "max_completion_tokens"}) {
    if (const auto most = WholeOrNone(fields, name, 1, kMostTokens))
      request.generate.max_tokens = *most;
  }
  request.generate.ignores_eos = fields.Switch("ignore_eos", false);
  request.stops = fields.Texts("stop", kMostStops);
  std::erase(request.stops, "");
  request.choices = fields.Whole("n", 1, kMostChoices).value_or(1);
  request.reuses_prompts = fields.Switch("cache_prompt", true);
  return request;
}

}  // namespace hlwq::server
