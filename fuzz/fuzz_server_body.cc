// Bodies of requests of every API: any bytes give a request that the scheduler may be given, or a refusal; and as
// the text of an answer, in two pieces, parts of which nothing is lost.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "server/anthropic/messages.h"
#include "server/openai/chat_request.h"
#include "server/openai/responses_request.h"

namespace {

namespace server = hlwq::server;
using hlwq::Error;
using nlohmann::ordered_json;

constexpr size_t kContext = 500;

template <typename Read>
void Try(const ordered_json& body, const server::ModelContext& context, Read read) {
  try {
    const server::OpenAiRequest request = read(body, context);
    if (request.request.answers() == 0) std::abort();
    for (const auto& prompt : request.request.prompts)
      if (prompt.empty() || prompt.size() >= kContext) std::abort();
  } catch (const server::BadRequest&) {
  } catch (const Error&) {
  }
}

void Split(std::string_view text) {
  server::AnswerSplitter splitter({.splits_thinking = true,
                                   .is_thinking = false,
                                   .tools = ordered_json::array({ordered_json::object()})});
  size_t length = 0;
  const auto count = [&](const server::Said& said) {
    length += said.reasoning.size() + said.content.size();
  };
  count(splitter.Push(text.substr(0, text.size() / 2)));
  count(splitter.Push(text.substr(text.size() / 2)));
  count(splitter.Finish());
  if (length > text.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static hlwq::chat::TextModel model(HLWQ_SOURCE_DIR "/tests/golden/good/gguf/llama-bpe/model.gguf",
                                     {.engine = {.threads = 1}});
  static const hlwq::chat::PlainText plain_text(model.tokenizer());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Split(text);
  ordered_json body;
  try {
    body = hlwq::ParseOrderedJson(text);
  } catch (const Error&) {
    return 0;
  }
  static const server::AnswerForms forms(model);
  const server::ModelContext context = {model, plain_text, forms, kContext};
  Try(body, context, server::ReadChatRequest);
  Try(body, context, server::ReadCompletionRequest);
  Try(body, context, server::ReadMessagesRequest);
  Try(body, context, server::ReadResponsesRequest);
  return 0;
}
