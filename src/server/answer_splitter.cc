#include "server/answer_splitter.h"

#include <algorithm>
#include <string>
#include <utility>

namespace hlwq::server {

Parts AnswerSplitter::PartsOf(Thought thought) {
  Parts parts;
  if (!thought.reasoning.empty()) parts.emplace_back(Reasoning{std::move(thought.reasoning)});
  if (!thought.content.empty()) calls_.Push(thought.content, parts);
  return parts;
}

size_t AnswerSplitter::ThoughtTokens(std::span<const size_t> ends) const noexcept {
  const size_t bytes = splits_thinking_ ? thinking_.thought_bytes() : 0;
  if (bytes == 0) return 0;
  return static_cast<size_t>(std::ranges::upper_bound(ends, bytes) - ends.begin());
}

Parts AnswerSplitter::Push(std::string_view text) {
  return PartsOf(splits_thinking_ ? thinking_.Push(text)
                                  : Thought{.reasoning = {}, .content = std::string(text)});
}

Parts AnswerSplitter::Finish() {
  Parts parts = PartsOf(thinking_.Finish());
  calls_.Finish(parts);
  return parts;
}

}  // namespace hlwq::server
