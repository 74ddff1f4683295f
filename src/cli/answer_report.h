// What is told about an answer beside its text.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "chat/session.h"

namespace hlwq::cli {

// {"text", "ids", "stop_reason", "stop_string" where one was found, "seed", "tokens_per_second"}.
nlohmann::json AnswerToJson(const chat::Answer& answer, uint64_t seed);

// "12 tokens, 57.1 tok/s (eos)".
std::string AnswerInWords(const chat::Answer& answer);
// "12 prompt tokens (8 kept), 353 tok/s"; with a source "(8 from FILE)", also where they are none.
std::string PromptInWords(const runtime::GenerateTimes& times,
                          const std::optional<std::string>& source = std::nullopt);

}  // namespace hlwq::cli
