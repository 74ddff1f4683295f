#include "calibrate/starts.h"

#include <string>

#include "base/error.h"
#include "chat/open_tokenizer.h"

namespace hlwq::calibrate {
namespace {

constexpr std::string_view kMark = "\x1fhlwq\x1f";  // what no template writes

// The prompt up to where the user's words would be; empty where the template does not show them.
std::vector<runtime::TokenId> BeforeUser(const chat::TextModel& model, const char* system) {
  try {
    nlohmann::ordered_json variables = model.chat_format().special_tokens;
    variables["tools"] = variables["documents"] = nullptr;
    variables["messages"] = nlohmann::ordered_json::array();
    if (system != nullptr) {
      variables["messages"].push_back({{"role", "system"}, {"content", system}});
    }
    variables["messages"].push_back({{"role", "user"}, {"content", kMark}});
    variables["add_generation_prompt"] = true;
    const std::string prompt = model.chat_format().chat_template.Render(variables);
    const size_t end = prompt.find(kMark);
    if (end == std::string::npos) return {};
    return model.tokenizer().Encode(prompt.substr(0, end), {.add_special = false});
  } catch (const Error&) {
    return {};  // no template, or one that takes no system prompt, say
  }
}

}  // namespace

TokenSequences StartsFor(const chat::TextModel& model) {
  TokenSequences starts;
  const auto add = [&](std::vector<runtime::TokenId> start) {
    if (start.empty()) return;
    starts.push_back(std::move(start));
    starts.emplace_back();
  };
  if (!chat::HasTokenizer(model.checkpoint())) return starts;
  try {
    add(model.EncodePrompt(""));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidArgument) throw;  // it has no such token
  }
  add(BeforeUser(model, nullptr));
  add(BeforeUser(model, "You are a helpful assistant."));
  return starts;
}

}  // namespace hlwq::calibrate
