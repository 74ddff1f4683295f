#include "runtime/generate.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace hlwq::runtime {
namespace {

// Biases on eos ids beyond the vocabulary would be refused; such ids never come anyway.
SamplerOptions SamplerOptionsOf(const GenerateOptions& options, size_t vocabulary) {
  SamplerOptions result = options.sampler;
  if (!options.ignores_eos) return result;
  for (const TokenId token : options.eos) {
    if (token < 0 || static_cast<size_t>(token) >= vocabulary) continue;
    result.biases.push_back({token, -std::numeric_limits<float>::infinity()});
  }
  return result;
}

}  // namespace

std::string_view StopReasonName(StopReason reason) noexcept {
  switch (reason) {
    case StopReason::kEos:
      return "eos";
    case StopReason::kLength:
      return "length";
    case StopReason::kCallback:
      return "stopped";
    case StopReason::kContextFull:
      return "context_full";
  }
  return "unknown";
}

double GenerateTimes::prompt_tokens_per_second() const noexcept {
  const size_t tokens = prompt_tokens - reused_tokens;
  return prompt_seconds > 0 ? static_cast<double>(tokens) / prompt_seconds : 0;
}

double GenerateTimes::decode_tokens_per_second() const noexcept {
  return decode_seconds > 0 ? static_cast<double>(decode_passes) / decode_seconds : 0;
}

Generation::Generation(const Engine& engine, Sequence& sequence, std::span<const TokenId> prompt,
                       const GenerateOptions& options, TokenFilter* filter)
    : sequence_(sequence),
      options_(options),
      sampler_(SamplerOptionsOf(options, engine.config().sizes.vocab), engine.config().sizes.vocab),
      filter_(filter) {
  result_.times.prompt_tokens = prompt.size();
  result_.times.reused_tokens = sequence_.Want(prompt);
  if (options_.max_tokens > 0) {
    sampler_.Accept(prompt);
    result_.tokens.reserve(std::min(options_.max_tokens, sequence.capacity() - prompt.size() + 1));
  }
  if (sequence_.pending().empty()) Choose(sequence_.logits());
}

void Generation::OnLogits(std::span<const float> logits) {
  if (has_first_) {
    ++result_.times.decode_passes;
  } else {
    sequence_.KeepLogits(logits);
  }
  Choose(logits);
}

void Generation::Choose(std::span<const float> logits) {
  const bool is_first = !std::exchange(has_first_, true);
  if (is_first) result_.times.prompt_seconds = watch_.Seconds();
  if (options_.max_tokens > 0) {
    next_ = sampler_.Sample(logits,
                            filter_ == nullptr ? std::span<const uint32_t>() : filter_->Allowed());
    if (filter_ != nullptr) filter_->Accept(*next_);
  }
  if (is_first) result_.times.first_token_seconds = watch_.Seconds();
}

std::optional<TokenId> Generation::Advance() {
  if (is_over_ || !has_first_) return std::nullopt;
  const std::optional<TokenId> token = std::exchange(next_, std::nullopt);
  if (!token) {
    if (options_.max_tokens == 0) End(StopReason::kLength);
    return std::nullopt;
  }
  if (std::ranges::find(options_.eos, *token) != options_.eos.end()) {
    End(StopReason::kEos);
    return std::nullopt;
  }
  result_.tokens.push_back(*token);
  if (result_.tokens.size() == options_.max_tokens) {
    End(StopReason::kLength);
  } else if (sequence_.is_full()) {
    End(StopReason::kContextFull);
  } else {
    sequence_.Append(*token);
  }
  return token;
}

void Generation::Stop() { End(StopReason::kCallback); }

void Generation::End(StopReason reason) {
  is_over_ = true;
  result_.reason = reason;
  result_.times.generated_tokens = result_.tokens.size();
  if (!has_first_) result_.times.prompt_seconds = watch_.Seconds();
  if (has_first_ && options_.max_tokens > 0) {
    result_.times.decode_seconds = watch_.Seconds() - result_.times.first_token_seconds;
  }
}

GenerationResult Generate(Engine& engine, Sequence& sequence, std::span<const TokenId> prompt,
                          const GenerateOptions& options, const GenerateCallbacks& callbacks,
                          TokenFilter* filter) {
  Generation generation(engine, sequence, prompt, options, filter);
  while (!generation.is_over()) {
    const bool was_reading = generation.is_reading();
    const std::array work = {generation.Next(engine.chunk_tokens())};
    engine.Step(
        work, [&](size_t, size_t, std::span<const float> logits) { generation.OnLogits(logits); });
    if (was_reading && !callbacks.on_prompt(sequence.tokens().size())) {
      generation.Stop();
      break;
    }
    const std::optional<TokenId> token = generation.Advance();
    if (token && !callbacks.on_token(*token)) generation.Stop();
  }
  return generation.result();
}

}  // namespace hlwq::runtime
