#include "server/thinking.h"

#include <algorithm>

#include "server/tags.h"

namespace hlwq::server {
namespace {

constexpr std::string_view kThinkOpen = "<think>", kThinkClose = "</think>";

}  // namespace

Thought ThinkingSplitter::Push(std::string_view text) {
  Thought thought;
  held_ += text;
  pushed_ += text.size();
  while (!held_.empty()) {
    const size_t first = std::min(held_.find_first_not_of(kBlanks), held_.size());
    switch (state_) {
      case State::kStart:
        if (first == held_.size()) return thought;
        if (std::string_view(held_).substr(first).starts_with(kThinkOpen)) {
          held_.erase(0, first + kThinkOpen.size());
          state_ = State::kOpened;
          break;
        }
        if (kThinkOpen.starts_with(std::string_view(held_).substr(first))) return thought;
        state_ = State::kContent;
        break;
      case State::kOpened:
        if (held_.starts_with('\n')) held_.erase(0, 1);
        state_ = State::kThinking;
        break;
      case State::kThinking: {
        const size_t close = held_.find(kThinkClose);
        if (close == held_.npos) {
          const size_t certain = held_.size() - PartialTag(held_, kThinkClose);
          thought.reasoning += held_.substr(0, certain);
          held_.erase(0, certain);
          return thought;
        }
        thought.reasoning += held_.substr(0, close);
        held_.erase(0, close + kThinkClose.size());
        thought_bytes_ = pushed_ - held_.size();
        state_ = State::kAfter;
        break;
      }
      case State::kAfter:
        held_.erase(0, first);
        if (!held_.empty()) state_ = State::kContent;
        break;
      case State::kContent:
        thought.content += held_;
        held_.clear();
        break;
    }
  }
  return thought;
}

Thought ThinkingSplitter::Finish() {
  Thought thought;
  (state_ == State::kThinking ? thought.reasoning : thought.content) = std::move(held_);
  held_.clear();
  return thought;
}

bool OpensThinking(std::string_view prompt) noexcept {
  const size_t last = prompt.find_last_not_of(kBlanks);
  return last != prompt.npos && prompt.substr(0, last + 1).ends_with(kThinkOpen);
}

}  // namespace hlwq::server
