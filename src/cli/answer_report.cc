#include "cli/answer_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

namespace hlwq::cli {
namespace {

// Three digits or more: "5.61", "57.1", "353", "1204".
std::string Speed(double tokens_per_second) {
  const int decimals = tokens_per_second < 10 ? 2 : tokens_per_second < 100 ? 1 : 0;
  return fmt::format("{:.{}f} tok/s", tokens_per_second, decimals);
}

std::string Count(size_t tokens, std::string_view what) {
  return fmt::format("{} {}{}", tokens, what, tokens == 1 ? "" : "s");
}

}  // namespace

nlohmann::json AnswerToJson(const chat::Answer& answer, uint64_t seed) {
  const runtime::GenerationResult& generation = answer.generation;
  nlohmann::json json = {{"text", answer.text},
                         {"ids", generation.tokens},
                         {"stop_reason", answer.end()},
                         {"seed", seed},
                         {"tokens_per_second", generation.times.decode_tokens_per_second()}};
  if (answer.found_stop) json["stop_string"] = *answer.found_stop;
  return json;
}

std::string AnswerInWords(const chat::Answer& answer) {
  const runtime::GenerationResult& generation = answer.generation;
  std::string text = Count(generation.tokens.size(), "token");
  if (generation.times.decode_passes > 0) {
    text += ", " + Speed(generation.times.decode_tokens_per_second());
    if (generation.times.accepted_tokens > 0) {
      text += fmt::format(", {} of {} drafted tokens accepted", generation.times.accepted_tokens,
                          generation.times.drafted_tokens);
    }
  }
  return text + fmt::format(" ({})", answer.end());
}

std::string PromptInWords(const runtime::GenerateTimes& times,
                          const std::optional<std::string>& source) {
  std::string text = Count(times.prompt_tokens, "prompt token");
  if (times.reused_tokens > 0 || source) {
    text += fmt::format(" ({} {})", times.reused_tokens, source.value_or("kept"));
  }
  if (times.reused_tokens == times.prompt_tokens) return text;
  return text + ", " + Speed(times.prompt_tokens_per_second());
}

}  // namespace hlwq::cli
