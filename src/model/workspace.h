// The activations of a forward pass: made once for the most tokens of a pass, so that passes
// allocate nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/config.h"
#include "model/delta_scratch.h"
#include "model/linear_input.h"
#include "model/mlp_scratch.h"
#include "model/moe_scratch.h"
#include "model/rows.h"

namespace hlwq::model {

// One pass at a time.
class Workspace {
 public:
  // Most tokens whose logits are made at a time.
  static constexpr size_t kMostLogitTokens = 96;

  Workspace(const ModelConfig& config, size_t max_tokens);

  size_t max_tokens() const noexcept { return max_tokens_; }
  // Tokens whose logits are made at a time: as many as 8 MiB hold, so that the head, often the
  // largest matrix by far, is not read anew for every few of them; 16 at least.
  size_t logit_tokens() const noexcept { return logit_tokens_; }
  // Bytes that a workspace for `tokens` tokens takes.
  static size_t Bytes(const ModelConfig& config, size_t tokens) noexcept;

  // Has attention_parts hold at least `floats`. Throws std::bad_alloc.
  void ReserveAttentionParts(size_t floats);

 private:
  size_t max_tokens_ = 0;
  size_t logit_tokens_ = 0;

 public:
  Rows residual, update;  // [tokens, hidden]
  LinearInput hidden;     // the normed residual
  Rows queries;           // [tokens, heads * head_dim]
  Rows keys, values;      // [tokens, kv_heads * head_dim]
  LinearInput attention;  // [tokens, heads * head_dim]
  // Of attention that threads share by positions: grows with the context, by ReserveAttentionParts.
  std::vector<float> attention_parts;
  Rows gated_queries;     // [tokens, 2 * heads * head_dim] where attention has an output gate
  MlpScratch mlp;         // [tokens, intermediate]
  MlpScratch shared_mlp;  // [tokens, shared_intermediate]
  MoeScratch moe;         // of models with experts
  DeltaScratch delta;     // of models with gated delta nets
  Rows cosines, sines;    // [tokens, rotated / 2]
  std::vector<uint32_t> segment_of;  // [tokens]
  Rows logits;                       // [logit_tokens, vocabulary]
};

}  // namespace hlwq::model
