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
#include "runtime/prompt_lookup.h"
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
  // Tokens that a pass may take besides, drafted from the text so far (PromptLookup). Where a draft is right one pass
  // brings several tokens; the answer is the same to the last bit. 0: nothing is drafted.
  size_t most_drafted = 0;
  SamplerOptions sampler;
};

struct GenerateTimes {
  size_t prompt_tokens = 0;
  size_t reused_tokens = 0;  // of these: were in the sequence already
  double prompt_seconds = 0;
  double first_token_seconds = 0;  // from the call to the first token, given by the prompt's pass
  size_t generated_tokens = 0;     // an eos is not counted
  size_t decode_passes = 0;        // the first token needs none
  size_t decode_tokens = 0;        // that these brought, an eos among them
  size_t drafted_tokens = 0;       // that they took besides
  size_t accepted_tokens = 0;      // of these
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
//     engine.Step(work, [&](size_t i, size_t token, auto logits) { generations[i].OnLogits(token, logits); });
//     for (size_t i : those) while (auto token = generations[i].Advance()) Show(i, *token);
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

  // What it wants of the next pass: at most `most_tokens` (not 0) tokens of the prompt; or its last
  // token, and a draft as far as it fits. Without tokens where Advance needs no pass, as tokens are chosen already,
  // and once the answer is over.
  Work Next(size_t most_tokens);
  // The logits that the pass made after its token `token`. Chooses the next token, if those before prove right, and
  // returns it then.
  std::optional<TokenId> OnLogits(size_t token, std::span<const float> logits);
  // After the pass: the tokens that were chosen, one with each call, as far as the answer goes; then none.
  std::optional<TokenId> Advance();
  // Chosen, and not yet told by Advance.
  std::span<const TokenId> chosen() const noexcept { return std::span(chosen_).subspan(told_); }
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
  std::optional<PromptLookup> lookup_;
  std::vector<TokenId> draft_;   // of the pass under way
  double pass_begin_ = 0;        // by watch_
  double plain_seconds_ = 0;     // of late, a pass without a draft; 0: none was timed
  size_t first_wanted_ = 0;      // of its tokens, the first whose logits choose
  std::vector<TokenId> chosen_;  // by the last pass
  size_t told_ = 0;              // of these
  bool has_first_ = false;
  bool is_over_ = false;

  void Choose(std::span<const float> logits);
  void Settle();
  bool IsEos(TokenId token) const noexcept;
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
