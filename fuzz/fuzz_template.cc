// Chat templates from any bytes: each gives a text within the limits, the same one twice, or an
// Error of one line.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "text/chat_template.h"

namespace {

using namespace hlwq;

constexpr text::TemplateLimits kLimits = {
    .steps = 20'000, .output_bytes = 64 << 10, .memory_bytes = 4 << 20};

nlohmann::ordered_json Variables() {
  return nlohmann::ordered_json::parse(R"({
      "messages": [{"role": "user", "content": "Hi\n \u00e9\u4e2d"},
                   {"role": "assistant", "content": "<think>x</think> y", "tool_calls":
                    [{"id": "abcdefghi", "function": {"name": "f", "arguments": {"a": [1, 2.5]}}}]},
                   {"role": "tool", "content": "3", "tool_call_id": "abcdefghi"},
                   {"role": "user", "content": [{"type": "text", "text": "z"}]}],
      "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters":
                 {"type": "object", "properties": {"a": {"type": "array"}}}}}],
      "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": true, "none": null,
      "text": "Hello, World", "list": [3, 1, 2], "words": ["b", "A", "c"], "half": 0.5,
      "record": {"a": 1, "b": "two", "items": 3}, "nested": [[1, 2], [3, [4]]]})");
}

// Empty when it ends in an error.
std::optional<std::string> Render(const text::ChatTemplate& chat) {
  static const nlohmann::ordered_json variables = Variables();
  try {
    std::string rendered = chat.Render(variables, kLimits);
    if (rendered.size() > kLimits.output_bytes) std::abort();
    return rendered;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  try {
    const text::ChatTemplate chat(source);
    const std::optional<std::string> first = Render(chat);
    const bool depends_on_time = source.find("strftime_now") != source.npos;
    if (!depends_on_time && Render(chat) != first) std::abort();
  } catch (const Error& error) {
    const bool is_known =
        error.code() == ErrorCode::kInvalidData || error.code() == ErrorCode::kUnsupported;
    if (!is_known || !std::string_view(error.what()).starts_with("line ")) std::abort();
  }
  return 0;
}
