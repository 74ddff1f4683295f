// What is told about an answer beside its text.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "cli/answer_stream.h"
#include "runtime/generate.h"

namespace hlwq::cli {

// "eos", "stop" for a stop string, "length", "stopped" or "context_full".
std::string_view EndOf(const runtime::GenerationResult& answer,
                       const AnswerStream& stream) noexcept;

// {"text", "ids", "stop_reason", "stop_string" where one was found, "seed", "tokens_per_second"}.
nlohmann::json AnswerToJson(const runtime::GenerationResult& answer, const AnswerStream& stream,
                            uint64_t seed);

// "12 tokens, 57.1 tok/s (eos)".
std::string AnswerInWords(const runtime::GenerationResult& answer, const AnswerStream& stream);
// "12 prompt tokens, 353 tok/s", and how many of them were there already.
std::string PromptInWords(const runtime::GenerateTimes& times);

}  // namespace hlwq::cli
