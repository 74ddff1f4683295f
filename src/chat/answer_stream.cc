#include "chat/answer_stream.h"

#include <utility>

namespace hlwq::chat {

AnswerStream::AnswerStream(const text::Tokenizer& tokenizer, std::span<const text::TokenId> before,
                           std::vector<std::string> stops, Write write)
    : decoder_(tokenizer), stops_(std::move(stops)), write_(std::move(write)) {
  for (const text::TokenId token : before) decoder_.Push(token);
}

void AnswerStream::Show(std::string text) {
  if (text.empty()) return;
  write_(text);
  text_ += text;
}

bool AnswerStream::Push(text::TokenId token) {
  Show(stops_.Push(decoder_.Push(token)));
  found_ = stops_.found();
  return !found_;
}

void AnswerStream::Finish() {
  if (found_) return;
  Show(stops_.Push(decoder_.Finish()));
  found_ = stops_.found();
  if (!found_) Show(stops_.Finish());
}

}  // namespace hlwq::chat
