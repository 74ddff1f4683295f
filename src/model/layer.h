// What a decoder layer is made of.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/function_ref.h"
#include "base/worker_pool.h"
#include "model/kv_view.h"
#include "model/linear.h"
#include "model/linear_input.h"
#include "model/recurrent_state.h"
#include "model/token_ranges.h"
#include "tensor/buffer.h"

namespace hlwq::model {

class ExpertSource;
class Workspace;
struct Layer;

// Whose logits are made of a segment.
enum class LogitsOf : uint8_t { kNone, kLast, kAll };

// Consecutive tokens of one sequence among the tokens of a forward pass.
struct Segment {
  KvView* kv = nullptr;
  RecurrentState* state = nullptr;  // of models with gated delta nets
  size_t begin = 0, end = 0;        // of the tokens of the pass
  LogitsOf logits_of = LogitsOf::kLast;

  size_t size() const noexcept { return end - begin; }
};

// A segment of at most this many tokens is short: each of its tokens gets the arithmetic, and so the
// bits, that it would get in a segment of its own. Longer ones go through kernels that are made for
// many tokens and add in another order. What a segment gets never depends on the other segments of its
// pass.
inline constexpr size_t kShortSegment = 16;

// Called with products of matrices of the layers before they are made, and those of one input together.
// May look at inputs and matrices, and put a dense matrix of the same shape in the place of a dense one.
using OnProducts = FunctionRef<void(std::span<Product> products)>;

// One forward pass, seen from a layer.
struct Pass {
  WorkerPool& pool;
  Workspace& work;
  ExpertSource& experts;
  std::span<const Segment> segments;  // the short ones first
  size_t tokens = 0;
  size_t short_tokens = 0;               // the first of them: those of short segments
  std::span<const uint32_t> segment_of;  // of each token
  const Layer* next_layer = nullptr;     // after the one that runs; nullptr: it is the last
  std::optional<OnProducts> on_products = std::nullopt;
};

// MultiplyAll, as a part of the pass.
inline void Multiply(const Pass& pass, std::span<Product> products) {
  if (pass.on_products) (*pass.on_products)(products);
  MultiplyAll(pass.pool, products);
}

inline TokenCount CountOf(const Pass& pass) noexcept { return {pass.tokens, pass.short_tokens}; }

// ForTokenRanges over the tokens of the pass.
inline void ForTokenRanges(const Pass& pass, FunctionRef<void(TokenRange range)> body) noexcept {
  ForTokenRanges(pass.pool, pass.tokens, body);
}

// Calls body(segment, part) for the part of the range that each segment has.
template <typename Body>
void ForEachSegment(const Pass& pass, TokenRange range, Body body) {
  for (TokenRange part = range; part.begin < range.end; part.begin = part.end) {
    const Segment& segment = pass.segments[pass.segment_of[part.begin]];
    part.end = std::min(segment.end, range.end);
    body(segment, part);
  }
}

// One half of a layer: mixes tokens (attention) or works on each alone (feed-forward). Reads
// work.hidden, the normed residual sealed with forms(), and writes work.update [tokens, hidden].
// Immutable.
class Block {
 public:
  virtual ~Block() = default;
  virtual InputForms forms() const noexcept = 0;
  // Stored bytes of the matrices that one token is multiplied with, and of those of them that every
  // token is multiplied with.
  virtual uint64_t bytes_per_token() const noexcept = 0;
  virtual uint64_t dense_bytes() const noexcept { return bytes_per_token(); }
  // Throws Error when the weights of an expert cannot be read, nothing else; allocates nothing. The
  // recurrent states of the pass are then anything.
  virtual void Run(const Pass& pass) const = 0;
  // Told of a pass of one token while an earlier layer runs: may guess from the residual stream what
  // this block, whose norm is `norm`, will want to read.
  virtual void Anticipate(const Pass& /*pass*/, std::span<const float> /*norm*/) const noexcept {}
};

struct Layer {
  Buffer<float> mixer_norm;  // [hidden]
  std::unique_ptr<const Block> mixer;
  Buffer<float> feed_forward_norm;  // [hidden]
  std::unique_ptr<const Block> feed_forward;
};

}  // namespace hlwq::model
