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
    : kv_(config, options), capacity_(options.capacity) {
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
  engine.model().CheckTokens(prompt);
  const size_t common = CommonPrefix(tokens_, prompt);
  if (common == prompt.size() && common == tokens_.size() && !prompt_logits_.empty()) {
    return {.reused_tokens = common};
  }
  // The logits after the last token are wanted: it is fed in any case.
  const size_t reused = std::min(common, prompt.size() - 1);
  kv_.Truncate(reused);
  tokens_.resize(reused);
  prompt_logits_.clear();
  while (tokens_.size() < prompt.size()) {
    const std::span<const TokenId> pass = prompt.subspan(
        tokens_.size(), std::min(engine.chunk_tokens(), prompt.size() - tokens_.size()));
    const bool is_last = tokens_.size() + pass.size() == prompt.size();
    engine.Feed(kv_, pass, is_last ? model::LogitsOf::kLastOfSegment : model::LogitsOf::kNone,
                [&](size_t, std::span<const float> logits) {
                  prompt_logits_.assign(logits.begin(), logits.end());
                });
    tokens_.insert(tokens_.end(), pass.begin(), pass.end());
    if (!on_prompt(tokens_.size())) return {.reused_tokens = reused, .is_stopped = true};
  }
  return {.reused_tokens = reused};
}

void Sequence::Append(Engine& engine, TokenId token,
                      FunctionRef<void(std::span<const float>)> on_logits) {
  HLWQ_DASSERT(!is_full());
  prompt_logits_.clear();
  engine.Feed(kv_, std::span(&token, 1), model::LogitsOf::kLastOfSegment,
              [&](size_t, std::span<const float> logits) { on_logits(logits); });
  tokens_.push_back(token);
}

void Sequence::CopyFrom(const Sequence& other) {
  kv_.CopyFrom(other.kv_);
  tokens_.assign(other.tokens_.begin(), other.tokens_.end());
  prompt_logits_ = other.prompt_logits_;
}

}  // namespace hlwq::runtime
