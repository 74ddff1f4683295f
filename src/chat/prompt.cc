#include "chat/prompt.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/utf8.h"

namespace hlwq::chat {
namespace {

// U+FDD0, which no text has: it is no character.
constexpr std::string_view kMark = "\xEF\xB7\x90";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

}  // namespace

std::string RenderPrompt(const ChatFormat& format, const nlohmann::ordered_json& messages,
                         const nlohmann::ordered_json& variables) {
  nlohmann::ordered_json all = format.special_tokens;
  // transformers passes these to every template, as none where nobody gives them.
  all["tools"] = all["documents"] = nullptr;
  all.update(variables);
  all["messages"] = messages;
  all["add_generation_prompt"] = true;
  return WithContext("chat template", [&] { return format.chat_template.Render(all); });
}

std::vector<text::TokenId> EncodePrompt(const text::Tokenizer& tokenizer, std::string_view prompt) {
  std::vector<text::TokenId> tokens;
  while (true) {
    const size_t mark = prompt.find(kMark);
    // The template writes the special tokens itself.
    const auto some = tokenizer.Encode(prompt.substr(0, mark), {.add_special = false});
    tokens.insert(tokens.end(), some.begin(), some.end());
    if (mark == prompt.npos) return tokens;
    prompt.remove_prefix(mark + kMark.size());
  }
}

PlainText::PlainText(const text::Tokenizer& tokenizer) {
  for (size_t id = 0; id < tokenizer.size(); ++id) {
    const auto token = static_cast<text::TokenId>(id);
    if (!tokenizer.IsSpecial(token)) continue;
    const std::string_view special = tokenizer.TokenText(token);
    if (special.size() > 1) specials_.emplace_back(special);
  }
  std::ranges::sort(specials_, std::greater(), &std::string::size);
}

std::string PlainText::Guard(std::string_view text) const {
  std::string valid;
  AppendSanitized(text, valid);
  for (size_t at = 0; (at = valid.find(kMark, at)) != valid.npos; at += kReplacement.size()) {
    valid.replace(at, kMark.size(), kReplacement);
  }
  std::string guarded;
  for (size_t at = 0; at < valid.size(); ++at) {
    const auto begins_here = [&](const std::string& special) {
      return std::string_view(valid).substr(at).starts_with(special);
    };
    guarded += valid[at];
    // Specials begin with ASCII as a rule; one that does not must not be cut inside a character.
    const bool is_ascii = static_cast<unsigned char>(valid[at]) < 0x80;
    if (is_ascii && std::ranges::any_of(specials_, begins_here)) guarded += kMark;
  }
  return guarded;
}

}  // namespace hlwq::chat
