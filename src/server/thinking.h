// Splits an answer into what the model thinks, between <think> and </think>, and what it says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hlwq::server {

struct Thought {
  std::string reasoning, content;
};

class ThinkingSplitter {
 public:
  // Whether the prompt has opened the thinking already (OpensThinking).
  explicit ThinkingSplitter(bool is_thinking)
      : state_(is_thinking ? State::kThinking : State::kStart) {}

  // Text by pieces; what may yet become a tag is held back.
  Thought Push(std::string_view text);
  // The end of the answer: what was held back.
  Thought Finish();
  // How much of the text so far, from its beginning, is thought: the tags too.
  size_t thought_bytes() const noexcept {
    return state_ == State::kOpened || state_ == State::kThinking ? pushed_ : thought_bytes_;
  }

 private:
  // kStart: only blanks so far. kOpened: a line break after <think> is left out, and in kAfter all blanks
  // after </think>.
  enum class State : uint8_t { kStart, kOpened, kThinking, kAfter, kContent };

  State state_;
  std::string held_;
  size_t pushed_ = 0, thought_bytes_ = 0;
};

// Whether a prompt ends with an opened <think>.
bool OpensThinking(std::string_view prompt) noexcept;

}  // namespace hlwq::server
