#include "runtime/sequence.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace hlwq::runtime {
namespace {

size_t CommonPrefix(std::span<const TokenId> a, std::span<const TokenId> b) noexcept {
  return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

Sequence::Sequence(const model::ModelConfig& config, const KvCacheOptions& options)
    : state_(config, options), capacity_(options.capacity) {
  tokens_.reserve(capacity_);
  prompt_logits_.reserve(config.sizes.vocab);
}

Sequence::Filled Sequence::Fill(Engine& engine, std::span<const TokenId> prompt,
                                OnPrompt on_prompt) {
  if (prompt.empty()) throw Error(ErrorCode::kInvalidArgument, "the prompt is empty");
  if (prompt.size() > capacity_) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("the prompt has {} tokens, the context {}", prompt.size(), capacity_));
  }
  engine.model().CheckPrompt(prompt);
  const size_t common = CommonPrefix(tokens_, prompt);
  if (common == prompt.size() && common == tokens_.size() && !prompt_logits_.empty()) {
    return {.reused_tokens = common};
  }
  // The logits after the last token are wanted: it is fed in any case.
  const size_t reused = state_.Rewind(std::min(common, prompt.size() - 1));
  tokens_.resize(reused);
  prompt_logits_.clear();
  const size_t moment = MomentOf(prompt.size());
  while (tokens_.size() < prompt.size()) {
    const size_t left = (tokens_.size() < moment ? moment : prompt.size()) - tokens_.size();
    const std::span<const TokenId> pass =
        prompt.subspan(tokens_.size(), std::min(engine.chunk_tokens(), left));
    const bool is_last = tokens_.size() + pass.size() == prompt.size();
    Feed(engine, pass, is_last ? model::LogitsOf::kLastOfSegment : model::LogitsOf::kNone,
         [&](size_t, std::span<const float> logits) {
           prompt_logits_.assign(logits.begin(), logits.end());
         });
    if (tokens_.size() == moment) state_.Remember();
    if (!on_prompt(tokens_.size())) return {.reused_tokens = reused, .is_stopped = true};
  }
  return {.reused_tokens = reused};
}

size_t Sequence::MomentOf(size_t prompt_tokens) const noexcept {
  constexpr size_t kTail = 16;
  return state_.is_recurrent() && prompt_tokens > kTail ? prompt_tokens - kTail : 0;
}

// After an error the tokens are those that the state still holds.
void Sequence::Feed(Engine& engine, std::span<const TokenId> tokens, model::LogitsOf logits_of,
                    model::OnLogits on_logits) {
  try {
    engine.Feed(state_, tokens, logits_of, on_logits);
  } catch (...) {
    tokens_.resize(std::min(tokens_.size(), state_.length()));
    prompt_logits_.clear();
    throw;
  }
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
}

void Sequence::Append(Engine& engine, TokenId token,
                      FunctionRef<void(std::span<const float>)> on_logits) {
  HLWQ_DASSERT(!is_full());
  prompt_logits_.clear();
  Feed(engine, std::span(&token, 1), model::LogitsOf::kLastOfSegment,
       [&](size_t, std::span<const float> logits) { on_logits(logits); });
}

void Sequence::CopyFrom(const Sequence& other) {
  state_.CopyFrom(other.state_);
  tokens_.assign(other.tokens_.begin(), other.tokens_.end());
  prompt_logits_ = other.prompt_logits_;
}

}  // namespace hlwq::runtime
