#include "runtime/generate.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace hlwq::runtime {
namespace {

class Stopwatch {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

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

Generation Generate(Engine& engine, Sequence& sequence, std::span<const TokenId> prompt,
                    const GenerateOptions& options, const GenerateCallbacks& callbacks) {
  const Stopwatch watch;
  const size_t vocabulary = engine.config().sizes.vocab;
  Sampler sampler(SamplerOptionsOf(options, vocabulary), vocabulary);
  Generation result;
  result.times.prompt_tokens = prompt.size();

  const Sequence::Filled filled = sequence.Fill(engine, prompt, callbacks.on_prompt);
  result.times.reused_tokens = filled.reused_tokens;
  result.times.prompt_seconds = watch.Seconds();
  if (filled.is_stopped) {
    result.reason = StopReason::kCallback;
    return result;
  }
  if (options.max_tokens == 0) {
    result.reason = StopReason::kLength;
    return result;
  }
  sampler.Accept(prompt);
  result.tokens.reserve(std::min(options.max_tokens, sequence.capacity() - prompt.size() + 1));

  TokenId token = sampler.Sample(sequence.prompt_logits());
  result.times.first_token_seconds = watch.Seconds();
  while (true) {
    if (std::ranges::find(options.eos, token) != options.eos.end()) {
      result.reason = StopReason::kEos;
      break;
    }
    result.tokens.push_back(token);
    if (!callbacks.on_token(token)) {
      result.reason = StopReason::kCallback;
      break;
    }
    if (result.tokens.size() == options.max_tokens) {
      result.reason = StopReason::kLength;
      break;
    }
    if (sequence.is_full()) {
      result.reason = StopReason::kContextFull;
      break;
    }
    sequence.Append(engine, token,
                    [&](std::span<const float> logits) { token = sampler.Sample(logits); });
    ++result.times.decode_passes;
  }
  result.times.generated_tokens = result.tokens.size();
  result.times.decode_seconds = watch.Seconds() - result.times.first_token_seconds;
  return result;
}

}  // namespace hlwq::runtime
