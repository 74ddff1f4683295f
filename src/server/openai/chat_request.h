// POST /v1/chat/completions and /v1/completions, from JSON to what the scheduler takes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "chat/prompt.h"
#include "chat/text_model.h"
#include "server/answer_splitter.h"
#include "server/openai/constraints.h"
#include "server/openai/fields.h"
#include "server/request.h"

namespace hlwq::server {

struct OpenAiRequest {
  Request request;
  bool streams = false;
  bool includes_usage = false;    // a chunk of its own at the end of a stream
  bool reports_progress = false;  // return_progress: of the prompt, in a stream
  SplitOptions split;             // of the answer's text
  std::vector<std::string>
      echoes;  // of completions: goes before the text, for each prompt; or none
};

// What requests are read with. Borrowed by the functions below.
struct ModelContext {
  const chat::TextModel& model;
  const chat::PlainText& plain_text;
  const AnswerForms& forms;
  size_t context_tokens = 0;
};

// Messages with text, tools (for the template), chat_template_kwargs, reasoning_effort, and the fields of
// ReadSampling. Throws BadRequest, for a prompt that does not fit with code "context_length_exceeded".
OpenAiRequest ReadChatRequest(const nlohmann::ordered_json& body, const ModelContext& context);
// `prompt`: a text, token ids, or a list of either, of which each is answered; with `suffix`, what stands between a text
// and it is asked for.
OpenAiRequest ReadCompletionRequest(const nlohmann::ordered_json& body,
                                    const ModelContext& context);

// What has a model write what stands between two texts. Throws BadRequest for one that was not made for it.
std::vector<text::TokenId> PromptToFill(const text::Tokenizer& tokenizer, const std::string& before,
                                        const std::string& after);

// The prompt that messages make, as text for people: for /apply-template. What keeps special tokens in their texts from
// being control is not in it. Throws BadRequest.
std::string RenderMessages(const Fields& fields, const ModelContext& context);

// Token ids of a list. Throws BadRequest naming `param`.
std::vector<text::TokenId> ReadTokens(const nlohmann::ordered_json& list, const char* param,
                                      const chat::TextModel& model);

}  // namespace hlwq::server
