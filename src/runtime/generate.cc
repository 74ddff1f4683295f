#include "runtime/generate.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace hlwq::runtime {
namespace {

constexpr double kNews = 0.2;  // weight of the last pass in the mean of passes

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
  return decode_seconds > 0 ? static_cast<double>(decode_tokens) / decode_seconds : 0;
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
    // Dynamic scaling looks at the length of a piece.
    if (options_.most_drafted > 0 &&
        engine.config().rope.scaling != checkpoint::RopeScaling::kDynamic) {
      lookup_.emplace();
      lookup_->Add(prompt);
    }
    chosen_.reserve(model::kShortSegment);
    sampler_.Accept(prompt);
    result_.tokens.reserve(std::min(options_.max_tokens, sequence.capacity() - prompt.size() + 1));
  }
  if (sequence_.pending().empty()) Choose(sequence_.logits());
}

bool Generation::IsEos(TokenId token) const noexcept {
  return std::ranges::find(options_.eos, token) != options_.eos.end();
}

Work Generation::Next(size_t most_tokens) {
  if (is_over_ || told_ < chosen_.size()) return {};
  chosen_.clear();
  told_ = 0;
  draft_.clear();
  if (!has_first_ || !lookup_) return sequence_.Next(most_tokens);
  // A token and its draft are a short segment, whose bits are those of single tokens.
  const size_t pending = sequence_.pending().size();
  const size_t pass = std::min(most_tokens, model::kShortSegment);
  const size_t room = std::min({pass - std::min(pass, pending), options_.most_drafted,
                                sequence_.capacity() - sequence_.tokens().size() - pending,
                                options_.max_tokens - result_.tokens.size() - 1});
  for (const TokenId token : lookup_->Draft(room)) {
    if (IsEos(token)) break;
    draft_.push_back(token);
  }
  first_wanted_ = pending - 1;
  pass_begin_ = watch_.Seconds();
  if (draft_.empty()) return sequence_.Next(pending);
  result_.times.drafted_tokens += draft_.size();
  return sequence_.NextWith(draft_);
}

std::optional<TokenId> Generation::OnLogits(size_t token, std::span<const float> logits) {
  if (!has_first_) {
    sequence_.KeepLogits(logits);
  } else if (draft_.empty()) {
    ++result_.times.decode_passes;
  } else {
    // Of use only where all before are what was drafted.
    const size_t place = token - first_wanted_;
    if (token < first_wanted_ || chosen_.size() != place) return std::nullopt;
    if (place == 0) ++result_.times.decode_passes;
    if (place > 0 && chosen_[place - 1] != draft_[place - 1]) return std::nullopt;
  }
  const bool was_first = !has_first_;
  Choose(logits);
  if (chosen_.empty()) return std::nullopt;
  if (!was_first) ++result_.times.decode_tokens;
  return chosen_.back();
}

void Generation::Choose(std::span<const float> logits) {
  const bool is_first = !std::exchange(has_first_, true);
  if (is_first) result_.times.prompt_seconds = watch_.Seconds();
  if (options_.max_tokens > 0) {
    chosen_.push_back(sampler_.Sample(
        logits, filter_ == nullptr ? std::span<const uint32_t>() : filter_->Allowed()));
    if (filter_ != nullptr) filter_->Accept(chosen_.back());
  }
  if (is_first) result_.times.first_token_seconds = watch_.Seconds();
}

// Forgets what was drafted wrongly, and learns from it.
void Generation::Settle() {
  if (!lookup_) return;
  const double seconds = watch_.Seconds() - pass_begin_;
  if (!draft_.empty()) {
    const size_t accepted = chosen_.size() - 1;
    const size_t wrong = draft_.size() - accepted;
    sequence_.Cut(sequence_.tokens().size() + sequence_.pending().size() - wrong);
    const double saved = static_cast<double>(accepted) * plain_seconds_;
    lookup_->Learn(draft_.size(), accepted,
                   plain_seconds_ == 0 || saved > seconds - plain_seconds_);
    result_.times.accepted_tokens += accepted;
    draft_.clear();
  } else if (pass_begin_ > 0) {
    plain_seconds_ =
        plain_seconds_ == 0 ? seconds : plain_seconds_ + kNews * (seconds - plain_seconds_);
  }
  lookup_->Add(chosen_);
}

std::optional<TokenId> Generation::Advance() {
  if (is_over_ || !has_first_) return std::nullopt;
  if (chosen_.empty()) {
    if (options_.max_tokens == 0) End(StopReason::kLength);
    return std::nullopt;
  }
  if (told_ == 0) Settle();
  if (told_ == chosen_.size()) {
    chosen_.clear();
    told_ = 0;
    return std::nullopt;
  }
  const TokenId token = chosen_[told_++];
  if (IsEos(token)) {
    End(StopReason::kEos);
    return std::nullopt;
  }
  result_.tokens.push_back(token);
  if (result_.tokens.size() == options_.max_tokens) {
    End(StopReason::kLength);
  } else if (told_ < chosen_.size()) {
    // It was drafted, and the sequence has it.
  } else if (sequence_.is_full()) {
    End(StopReason::kContextFull);
  } else {
    sequence_.Append(token);
  }
  return token;
}

void Generation::Stop() { End(StopReason::kCallback); }

void Generation::End(StopReason reason) {
  is_over_ = true;
  result_.reason = reason;
  // What was drafted after the end came true in vain.
  if (has_first_) sequence_.Cut(result_.times.prompt_tokens + result_.tokens.size());
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
    engine.Step(work, [&](size_t, size_t token, std::span<const float> logits) {
      generation.OnLogits(token, logits);
    });
    if (was_reading && !callbacks.on_prompt(sequence.tokens().size())) {
      generation.Stop();
      break;
    }
    while (const std::optional<TokenId> token = generation.Advance()) {
      if (!callbacks.on_token(*token)) generation.Stop();
    }
  }
  return generation.result();
}

}  // namespace hlwq::runtime
