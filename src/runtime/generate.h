// The loop: a prompt in, tokens out, one after the other.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "runtime/engine.h"
#include "runtime/sampler.h"
#include "runtime/sequence.h"

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
  double first_token_seconds =
      0;                        // from the call to the first token, which the prompt's pass gives
  size_t generated_tokens = 0;  // an eos is not counted
  size_t decode_passes = 0;     // of one token each: the first token needs none, an eos does
  double decode_seconds = 0;    // of these passes and the callbacks

  // 0 where there was no pass.
  double prompt_tokens_per_second() const noexcept;
  double decode_tokens_per_second() const noexcept;
};

struct Generation {
  std::vector<TokenId> tokens;  // without the eos
  StopReason reason = StopReason::kEos;
  GenerateTimes times;
};

// Called with each token as soon as it is chosen; false ends the answer after it.
using OnToken = FunctionRef<bool(TokenId token)>;

struct GenerateCallbacks {
  OnToken on_token;
  Sequence::OnPrompt on_prompt;
};

// Makes `sequence` hold `prompt` (Sequence::Fill) and goes on from there. Afterwards the sequence
// holds prompt and answer, except the last token and any eos, so that a prompt which goes on from
// there costs only its new part. Throws as Sequence::Fill and Sampler. After the first token the
// loop allocates nothing; the callbacks may.
Generation Generate(Engine& engine, Sequence& sequence, std::span<const TokenId> prompt,
                    const GenerateOptions& options, const GenerateCallbacks& callbacks);

}  // namespace hlwq::runtime
