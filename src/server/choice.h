// One answer in the making: tokens to events for its client.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "chat/answer_stream.h"
#include "runtime/generate.h"
#include "server/answer_channel.h"
#include "server/idle_sequences.h"
#include "server/request.h"
#include "text/tokenizer.h"

namespace hlwq::server {

// Of the thread of the engine. Borrows the tokenizer and the engine.
class Choice {
 public:
  // The `index`-th answer to the request, on a sequence that holds what it holds. Throws as
  // runtime::Generation and AnswerStream.
  Choice(const runtime::Engine& engine, const text::Tokenizer& tokenizer, const Request& request,
         size_t index, HeldSequence held, std::shared_ptr<AnswerChannel> channel);

  size_t index() const noexcept { return index_; }
  bool is_over() const noexcept { return is_over_; }
  bool is_reading() const noexcept { return generation_->is_reading(); }
  // Whether it answers this request.
  bool is_of(const AnswerChannel* channel) const noexcept { return channel_.get() == channel; }
  bool is_cancelled() const noexcept { return channel_->is_cancelled(); }
  // Of the prompt, still to be read.
  size_t pending() const noexcept { return held_.sequence->pending().size(); }
  const runtime::Sequence& sequence() const noexcept { return *held_.sequence; }
  size_t prompt_tokens() const noexcept { return held_.prompt_tokens; }
  void NoteAt(size_t length) { held_.sequence->NoteAt(length); }
  const runtime::GenerateTimes& times() const noexcept { return generation_->result().times; }

  // Around a pass, as Generation has them. What OnLogits throws ends the choice alone.
  runtime::Work Next(size_t most_tokens) { return generation_->Next(most_tokens); }
  void OnLogits(size_t token, std::span<const float> logits) noexcept;
  // Takes what the pass brought. Returns how many tokens.
  size_t Advance();
  // Then: tells the client.
  void Tell();
  // Ends it: the client went.
  void Stop();
  void Fail(const std::string& message);

  // What it leaves, once it is over.
  HeldSequence TakeSequence() noexcept { return std::move(held_); }

 private:
  size_t index_ = 0;
  HeldSequence held_;
  std::shared_ptr<AnswerChannel> channel_;
  std::unique_ptr<runtime::TokenFilter> filter_;
  std::optional<runtime::Generation> generation_;
  std::string text_;  // certain and not sent
  std::vector<Piece::Token> tokens_;
  std::vector<size_t> ends_;  // Piece::ends
  chat::AnswerStream stream_;
  std::optional<size_t> top_logprobs_;
  std::deque<Piece::Token>
      chosen_;  // where probabilities are asked for: those that Advance will bring
  std::optional<std::string> failure_;
  bool reads_on_ = false;  // HeldSequence::prompt_tokens grows
  bool is_over_ = false;
  bool has_news_ = false;  // for Tell

  Piece::Token Describe(runtime::TokenId token, std::span<const float> logits) const;
  void Send();
  void Finish();
};

}  // namespace hlwq::server
