// The fields about sampling that all OpenAI requests share, and llama.cpp's beside them.
#pragma once

#include "server/openai/fields.h"
#include "server/request.h"

namespace hlwq::server {

// temperature, top_p, top_k, min_p, typical_p, repeat_penalty, presence_penalty, frequency_penalty, seed,
// stop, max_tokens and max_completion_tokens, n, logit_bias, ignore_eos, cache_prompt. What is absent is as
// `defaults` say; without a seed it is a random one. Throws BadRequest.
Request ReadSampling(const Fields& fields, const runtime::GenerateOptions& defaults);

}  // namespace hlwq::server
