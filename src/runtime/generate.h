// A prompt in, tokens out, one after the other.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "base/stopwatch.h"
#include "runtime/engine.h"
#include "runtime/sampler.h"
#include "runtime/sequence.h"
#include "runtime/token_filter.h"

namespace hlwq::runtime {

enum class StopReason : uint8_t {
  kEos,          // the model ended its answer
  kLength,       // max_tokens were made
  kCallback,     // a callback said so
  kContextFull,  // no room for another token
};
// "eos", "length", "stopped", "context_full".
std::string_view StopReasonName(StopReason reason) noexcept;

struct GenerateOptions {
  size_t max_tokens = std::numeric_limits<size_t>::max();
  std::vector<TokenId> eos;  // tokens that end the answer
  bool ignores_eos = false;  // they are forbidden instead
  SamplerOptions sampler;
};

struct GenerateTimes {
  size_t prompt_tokens = 0;
  size_t reused_tokens = 0;  // of these: were in the sequence already
  double prompt_seconds = 0;
  double first_token_seconds = 0;  // from the call to the first token, given by the prompt's pass
  size_t generated_tokens = 0;     // an eos is not counted
  size_t decode_passes = 0;        // of one token each: the first token needs none, an eos does
  double decode_seconds = 0;       // of these passes and the callbacks

  // 0 where there was no pass.
  double prompt_tokens_per_second() const noexcept;
  double decode_tokens_per_second() const noexcept;
};

struct GenerationResult {
  std::vector<TokenId> tokens;  // without the eos
  StopReason reason = StopReason::kEos;
  GenerateTimes times;
};

// One answer in the making, as pieces for the passes of an engine; one loop can drive many:
//
//   while (some are not over) {
//     for (size_t i : those) work[i] = generations[i].Next(most_tokens);
//     engine.Step(work, [&](size_t i, size_t, auto logits) { generations[i].OnLogits(logits); });
//     for (size_t i : those) if (auto token = generations[i].Advance()) Show(i, *token);
//   }
//
// Borrows the sequence, which nobody else changes meanwhile. Afterwards it holds prompt and answer,
// except the last token and any eos, so that a prompt which goes on from there costs only its new part.
class Generation {
 public:
  // With a filter, which it borrows, the answer has no tokens but those that are allowed. Throws as
  // Sequence::Want, Sampler and TokenFilter.
  Generation(const Engine& engine, Sequence& sequence, std::span<const TokenId> prompt,
             const GenerateOptions& options, TokenFilter* filter = nullptr);

  bool is_over() const noexcept { return is_over_; }
  // Whether a part of the prompt is still to be fed.
  bool is_reading() const noexcept { return !has_first_ && !sequence_.pending().empty(); }

  // What it wants of the next pass: at most `most_tokens` (not 0) tokens of the prompt, or its last
  // token. Without tokens where Advance needs no pass, as the sequence held the prompt with its logits,
  // and once the answer is over.
  Work Next(size_t most_tokens) { return is_over_ ? Work() : sequence_.Next(most_tokens); }
  // The logits that the pass made of it. Chooses the next token.
  void OnLogits(std::span<const float> logits);
  // After the pass: the token that was chosen, if the answer has one more. After the first token it
  // allocates nothing.
  std::optional<TokenId> Advance();
  // Ends it here, for StopReason::kCallback.
  void Stop();

  // Complete when it is over.
  const GenerationResult& result() const noexcept { return result_; }

 private:
  Sequence& sequence_;
  GenerateOptions options_;
  Sampler sampler_;
  TokenFilter* filter_;
  Stopwatch watch_;
  GenerationResult result_;
  std::optional<TokenId> next_;
  bool has_first_ = false;
  bool is_over_ = false;

  void Choose(std::span<const float> logits);
  void End(StopReason reason);
};

// Called with each token as soon as it is chosen; false ends the answer after it.
using OnToken = FunctionRef<bool(TokenId token)>;
// Told how many tokens of a prompt are held, after each of its passes; false stops there.
using OnPrompt = FunctionRef<bool(size_t done)>;

struct GenerateCallbacks {
  OnToken on_token;
  OnPrompt on_prompt;
};

// Drives one Generation to its end. Throws as that and Engine::Step.
GenerationResult Generate(Engine& engine, Sequence& sequence, std::span<const TokenId> prompt,
                          const GenerateOptions& options, const GenerateCallbacks& callbacks,
                          TokenFilter* filter = nullptr);

}  // namespace hlwq::runtime
