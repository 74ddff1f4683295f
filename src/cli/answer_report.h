// What is told about an answer beside its text.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "chat/session.h"

namespace hlwq::cli {

// {"text", "ids", "stop_reason", "stop_string" where one was found, "seed", "tokens_per_second"}.
nlohmann::json AnswerToJson(const chat::Answer& answer, uint64_t seed);

// "12 tokens, 57.1 tok/s (eos)".
std::string AnswerInWords(const chat::Answer& answer);
// "12 prompt tokens, 353 tok/s", and how many of them were there already.
std::string PromptInWords(const runtime::GenerateTimes& times);

}  // namespace hlwq::cli
