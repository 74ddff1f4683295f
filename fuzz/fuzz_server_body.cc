// Bodies of requests of every API: any bytes give a request that the scheduler may be given, or a refusal; and as
// the text of an answer, whatever its calls are bound to, the same parts in one piece and in two.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "constrain/tool_formats.h"
#include "server/anthropic/messages_request.h"
#include "server/openai/chat_request.h"
#include "server/openai/responses_request.h"

namespace {

namespace constrain = hlwq::constrain;
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

// The parts as one text, and what of it is text of the answer.
struct Said {
  std::string all;
  size_t text_bytes = 0;
};

void Add(const server::Parts& parts, Said& to) {
  for (const server::Part& part : parts) {
    if (const auto* reasoning = std::get_if<server::Reasoning>(&part)) {
      to.all += reasoning->text;
      to.text_bytes += reasoning->text.size();
    } else if (const auto* content = std::get_if<server::Content>(&part)) {
      to.all += content->text;
      to.text_bytes += content->text.size();
    } else if (const auto* begin = std::get_if<server::CallBegin>(&part)) {
      to.all += "[" + begin->name + " ";
    } else if (const auto* arguments = std::get_if<server::CallArguments>(&part)) {
      to.all += arguments->json;
    } else if (const auto* end = std::get_if<server::CallEnd>(&part)) {
      to.all += end->is_whole ? "]" : "|";
    }
  }
}

void Split(std::string_view text) {
  using constrain::ToolStyle;
  if (!hlwq::IsValidUtf8(text)) return;
  size_t middle = text.size() / 2;
  while (middle < text.size() && !hlwq::BeginsCharacter(text[middle])) ++middle;
  static const ordered_json tools = ordered_json::parse(R"([{"type": "function", "function":
      {"name": "find", "parameters": {"properties": {"count": {"type": "integer"}}}}}])");
  const auto said_in = [&](std::optional<ToolStyle> bound, size_t cut) {
    server::AnswerSplitter splitter({.calls = {.tools = tools, .bound = bound}});
    Said said;
    Add(splitter.Push(text.substr(0, cut)), said);
    Add(splitter.Push(text.substr(cut)), said);
    Add(splitter.Finish(), said);
    return said;
  };
  for (const std::optional<ToolStyle> bound :
       {std::optional<ToolStyle>(), std::optional(ToolStyle::kJson),
        std::optional(ToolStyle::kMistral), std::optional(ToolStyle::kHermes),
        std::optional(ToolStyle::kQwenXml)}) {
    const Said whole = said_in(bound, text.size()), cut = said_in(bound, middle);
    if (whole.all != cut.all || whole.text_bytes > text.size()) std::abort();
  }
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
