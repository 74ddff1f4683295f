// Conversations to prompts, by the Jinja template that comes with a model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace hlwq::text {

// A template runs in bounded time and space, whatever it says.
struct TemplateLimits {
  uint64_t steps = 10'000'000;  // statements and expressions evaluated
  size_t output_bytes = 64u << 20;
  size_t memory_bytes = 512u << 20;  // of all values made on the way; none is freed before the end
};

// The part of Jinja2 that published templates use, in the dialect of transformers: trim_blocks,
// lstrip_blocks, loop controls, tojson without HTML escapes, raise_exception, strftime_now.
// Immutable once made. Thread: safe.
class ChatTemplate {
 public:
  // Throws Error{kInvalidData} on a syntax error, Error{kUnsupported} on a statement or literal that is
  // not supported; both name the line and the construct.
  explicit ChatTemplate(std::string_view source);
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  // Runs the template with the members of `variables`, an object: messages, tools, bos_token,
  // eos_token, add_generation_prompt, enable_thinking, ... Throws Error{kInvalidArgument} with the
  // template's own words where it calls raise_exception, Error{kInvalidData} with the line where it
  // cannot be evaluated or passes a limit, Error{kUnsupported} where it reaches a filter, a test or
  // another template that is not there.
  std::string Render(const nlohmann::ordered_json& variables, TemplateLimits limits = {}) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

// The template in a tokenizer_config.json: `chat_template`, a string, or a list of templates with
// names, of which "tool_use" is taken when there are tools, else "default". Empty when the file has
// none: newer models have it in a file of its own, chat_template.jinja. Throws Error{kInvalidData}
// when it is something else.
std::optional<std::string> FindChatTemplate(const nlohmann::json& tokenizer_config, bool has_tools);

}  // namespace hlwq::text
