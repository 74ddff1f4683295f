// Anthropic's Messages API: POST /v1/messages and /v1/messages/count_tokens, from JSON to a request.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "server/openai/chat_request.h"

namespace hlwq::server {

// The body as one of /v1/chat/completions, which everything else is read from. System texts that begin
// "x-anthropic-", which change with every request, are left out. Throws BadRequest.
nlohmann::ordered_json ChatBodyOf(const nlohmann::ordered_json& body);

OpenAiRequest ReadMessagesRequest(const nlohmann::ordered_json& body, const ModelContext& context);

}  // namespace hlwq::server
