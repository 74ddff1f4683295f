// POST /v1/responses: OpenAI's Responses API, from JSON to a request.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "server/openai/chat_request.h"

namespace hlwq::server {

// The body as one of /v1/chat/completions: instructions, input items (messages, calls, their outputs) and
// functions in the other form. What only OpenAI's own servers do (web search and the like) is left out.
// Throws BadRequest, also for previous_response_id: nothing is kept between requests.
nlohmann::ordered_json ChatBodyOfResponses(const nlohmann::ordered_json& body);

OpenAiRequest ReadResponsesRequest(const nlohmann::ordered_json& body, const ModelContext& context);

}  // namespace hlwq::server
