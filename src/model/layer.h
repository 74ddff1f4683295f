// What a decoder layer is made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/worker_pool.h"
#include "model/kv_view.h"
#include "model/linear_input.h"
#include "tensor/buffer.h"

namespace hlwq::model {

class Workspace;

// Consecutive tokens of one sequence among the tokens of a forward pass.
struct Segment {
  KvView* kv = nullptr;
  size_t begin = 0, end = 0;  // of the tokens of the pass
};

// One forward pass, seen from a layer.
struct Pass {
  WorkerPool& pool;
  Workspace& work;
  std::span<const Segment> segments;
  size_t tokens = 0;
};

// Calls body(token) for every token of the pass: in parallel when there are several.
template <typename Body>
void ForEachToken(const Pass& pass, Body&& body) {
  if (pass.tokens == 1) {
    body(size_t{0});
    return;
  }
  pass.pool.ParallelFor(pass.tokens, 1, [&](size_t begin, size_t end, int) {
    for (size_t token = begin; token < end; ++token) body(token);
  });
}

// One half of a layer: mixes tokens (attention) or works on each alone (feed-forward). Reads
// work.hidden, the normed residual sealed with forms(), and writes work.update [tokens, hidden].
// Immutable. Throws nothing; allocates nothing.
class Block {
 public:
  virtual ~Block() = default;
  virtual InputForms forms() const noexcept = 0;
  // Stored bytes of the matrices that one token is multiplied with.
  virtual uint64_t bytes_per_token() const noexcept = 0;
  virtual void Run(const Pass& pass) const noexcept = 0;
};

struct Layer {
  Buffer<float> mixer_norm;  // [hidden]
  std::unique_ptr<const Block> mixer;
  Buffer<float> feed_forward_norm;  // [hidden]
  std::unique_ptr<const Block> feed_forward;
};

}  // namespace hlwq::model
