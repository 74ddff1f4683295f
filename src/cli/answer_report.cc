#include "cli/answer_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

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

std::string_view EndOf(const runtime::GenerationResult& answer,
                       const AnswerStream& stream) noexcept {
  return stream.found_stop() ? "stop" : runtime::StopReasonName(answer.reason);
}

nlohmann::json AnswerToJson(const runtime::GenerationResult& answer, const AnswerStream& stream,
                            uint64_t seed) {
  nlohmann::json json = {{"text", stream.text()},
                         {"ids", answer.tokens},
                         {"stop_reason", EndOf(answer, stream)},
                         {"seed", seed},
                         {"tokens_per_second", answer.times.decode_tokens_per_second()}};
  if (stream.found_stop()) json["stop_string"] = *stream.found_stop();
  return json;
}

std::string AnswerInWords(const runtime::GenerationResult& answer, const AnswerStream& stream) {
  std::string text = Count(answer.tokens.size(), "token");
  if (answer.times.decode_passes > 0) {
    text += ", " + Speed(answer.times.decode_tokens_per_second());
  }
  return text + fmt::format(" ({})", EndOf(answer, stream));
}

std::string PromptInWords(const runtime::GenerateTimes& times) {
  std::string text = Count(times.prompt_tokens, "prompt token");
  if (times.reused_tokens > 0) text += fmt::format(" ({} kept)", times.reused_tokens);
  if (times.reused_tokens == times.prompt_tokens) return text;
  return text + ", " + Speed(times.prompt_tokens_per_second());
}

}  // namespace hlwq::cli
