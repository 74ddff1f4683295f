#include "runtime/sequence.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace hlwq::runtime {
namespace {

// A state is noted at least this many tokens before the end of a prompt: the next prompt of a conversation
// often differs in the last few tokens, which open the answer. At a multiple of so many where one is still to
// come, so that the bits of the pieces before and after do not depend on it (Engine::Step).
constexpr size_t kMomentTail = model::kShortSegment + 1;
constexpr size_t kMomentStep = 32;
// Before the end of a prompt, of several moments.
constexpr size_t kMomentDistances[] = {64, 256, 1024, 4096};

size_t CommonPrefix(std::span<const TokenId> a, std::span<const TokenId> b) noexcept {
  return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

Sequence::Sequence(Engine& engine, const KvCacheOptions& options)
    : model_(&engine.model()),
      state_(engine.MakeState(options)),
      format_(options.format),
      capacity_(options.capacity) {
  tokens_.reserve(capacity_);
  logits_.reserve(engine.config().sizes.vocab);
}

size_t Sequence::Want(std::span<const TokenId> prompt) {
  if (prompt.empty()) throw Error(ErrorCode::kInvalidArgument, "the prompt is empty");
  if (prompt.size() > capacity_) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("the prompt has {} tokens, the context {}", prompt.size(), capacity_));
  }
  model_->CheckPrompt(prompt);
  const size_t common = CommonPrefix(tokens(), prompt);
  size_t kept = common;
  const bool has_logits = common == prompt.size() && common == tokens_.size() && !logits_.empty();
  if (!has_logits) {
    kept = state_.Rewind(std::min(common, prompt.size() - 1));
    logits_.clear();
  }
  tokens_.assign(prompt.begin(), prompt.end());
  to_note_.clear();
  if (state_.is_recurrent() && prompt.size() > kMomentTail) {
    size_t moment = (prompt.size() - kMomentTail) / kMomentStep * kMomentStep;
    if (moment < kept) moment = prompt.size() - kMomentTail;
    if (moment > 0 && moment >= kept) to_note_.push_back(moment);
  }
  for (const size_t distance : kMomentDistances) {
    if (notes_several_ && distance < prompt.size()) NoteAt(prompt.size() - distance);
  }
  return kept;
}

void Sequence::NoteAt(size_t length) {
  const size_t moment = length / kMomentStep * kMomentStep;
  if (to_note_.empty() || moment <= state_.length() || moment >= to_note_.back()) return;
  const auto next = std::ranges::lower_bound(to_note_, moment);
  if (*next != moment) to_note_.insert(next, moment);
}

void Sequence::Append(TokenId token) {
  HLWQ_DASSERT(!is_full());
  tokens_.push_back(token);
  logits_.clear();
}

Work Sequence::Next(size_t most_tokens) {
  const size_t held = state_.length();
  if (!to_note_.empty() && held == to_note_.front()) {
    state_.Remember();
    to_note_.erase(to_note_.begin());
  }
  const size_t end = to_note_.empty() ? tokens_.size() : to_note_.front();
  const size_t count = std::min(most_tokens, end - held);
  return {.sequence = &state_,
          .tokens = pending().first(count),
          .logits_of =
              held + count == tokens_.size() ? model::LogitsOf::kLast : model::LogitsOf::kNone};
}

Work Sequence::NextWith(std::span<const TokenId> draft) {
  HLWQ_DASSERT(draft.size() <= capacity_ - tokens_.size());
  state_.Mark();
  tokens_.insert(tokens_.end(), draft.begin(), draft.end());
  return {.sequence = &state_, .tokens = pending(), .logits_of = model::LogitsOf::kAll};
}

void Sequence::Cut(size_t length) noexcept {
  if (length >= tokens_.size()) return;
  state_.Rewind(length);
  tokens_.resize(length);
  logits_.clear();
}

void Sequence::Clear() noexcept {
  state_.Clear();
  tokens_.clear();
  logits_.clear();
  to_note_.clear();
}

void Sequence::Adopt(std::span<const TokenId> tokens, std::span<const float> logits) {
  HLWQ_DASSERT(tokens.size() == state_.length() && tokens.size() <= capacity_);
  tokens_.assign(tokens.begin(), tokens.end());
  logits_.assign(logits.begin(), logits.end());
  to_note_.clear();
}

void Sequence::ForkFrom(const Sequence& other) {
  state_.ForkFrom(other.state_);
  tokens_.assign(other.tokens_.begin(), other.tokens_.end());
  logits_ = other.logits_;
  to_note_ = other.to_note_;
}

}  // namespace hlwq::runtime
