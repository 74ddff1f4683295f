#include "cli/generation_options.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <random>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hlwq::cli {
namespace {

template <typename Number>
bool ParseWhole(std::string_view text, Number& number) noexcept {
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end;
}

// "ID=X".
runtime::LogitBias ParseBias(std::string_view text) {
  runtime::LogitBias bias;
  const size_t equals = text.find('=');
  if (equals == text.npos || !ParseWhole(text.substr(0, equals), bias.token) ||
      !ParseWhole(text.substr(equals + 1), bias.bias) || std::isnan(bias.bias)) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("--logit-bias: want ID=X, a token id and a number or -inf, got '{}'", text));
  }
  return bias;
}

runtime::PenaltyOptions PenaltiesOf(const Arguments& arguments, runtime::PenaltyOptions penalties) {
  const int64_t window = arguments.Integer(flag::kRepeatLastN);
  penalties.window =
      window < 0 ? runtime::PenaltyOptions::kWholeContext : static_cast<size_t>(window);
  penalties.repeat = arguments.FindNumber(flag::kRepeatPenalty).value_or(penalties.repeat);
  penalties.presence = arguments.Number(flag::kPresencePenalty);
  penalties.frequency = arguments.Number(flag::kFrequencyPenalty);
  return penalties;
}

}  // namespace

runtime::GenerateOptions GenerateOptionsOf(const Arguments& arguments,
                                           const chat::TextModel& model) {
  runtime::GenerateOptions options = model.DefaultOptions();
  options.ignores_eos = arguments.Switch(flag::kIgnoreEos);
  options.most_drafted = static_cast<size_t>(arguments.Integer(flag::kDraftMax));
  if (const auto count = arguments.FindInteger(flag::kMaxTokens)) {
    options.max_tokens = static_cast<size_t>(*count);
  }
  runtime::SamplerOptions& sampler = options.sampler;
  sampler.temperature = arguments.FindNumber(flag::kTemperature).value_or(sampler.temperature);
  if (const auto top_k = arguments.FindInteger(flag::kTopK)) {
    sampler.top_k = static_cast<size_t>(*top_k);
  }
  sampler.top_p = arguments.FindNumber(flag::kTopP).value_or(sampler.top_p);
  sampler.min_p = arguments.FindNumber(flag::kMinP).value_or(sampler.min_p);
  sampler.typical_p = arguments.FindNumber(flag::kTypical).value_or(sampler.typical_p);
  sampler.penalties = PenaltiesOf(arguments, sampler.penalties);
  for (const std::string& text : arguments.List(flag::kLogitBias)) {
    sampler.biases.push_back(ParseBias(text));
  }
  const auto seed = arguments.FindInteger(flag::kSeed);
  sampler.seed = seed ? static_cast<uint64_t>(*seed) : std::random_device()();
  return options;
}

chat::ConversationOptions ConversationOptionsOf(const Arguments& arguments) {
  chat::ConversationOptions options = {.system = arguments.Text(flag::kSystem)};
  if (arguments.Switch(flag::kNoThinking)) options.variables["enable_thinking"] = false;
  return options;
}

}  // namespace hlwq::cli
