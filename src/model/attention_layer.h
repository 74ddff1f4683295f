// Full attention with grouped queries.
#pragma once

#include <cstddef>

#include "model/layer.h"
#include "model/linear.h"
#include "tensor/buffer.h"

namespace hlwq::model {

struct AttentionWeights {
  Linear q, k, v, o;  // with an output gate the rows of q are, for each head, query and gate
  Buffer<float> q_norm, k_norm;  // [head_dim], or empty
};

struct AttentionConfig {
  size_t layer = 0;
  size_t heads = 0, kv_heads = 0, head_dim = 0;
  size_t window = 0;  // 0: all earlier tokens are seen
  float norm_epsilon = 0;
  bool has_output_gate = false;
};

class AttentionLayer final : public Block {
 public:
  AttentionLayer(const AttentionConfig& config, AttentionWeights weights);

  InputForms forms() const noexcept override;
  uint64_t bytes_per_token() const noexcept override;
  void Run(const Pass& pass) const override;

 private:
  AttentionConfig config_;
  AttentionWeights weights_;

  void TakeQueriesApart(Workspace& work, TokenRange tokens) const noexcept;
  void NormAndRotate(Workspace& work, TokenRange tokens) const noexcept;
  void Store(const Pass& pass, TokenRange tokens) const noexcept;
  // What the tokens of the pass have filled (KvView::Code).
  void CodePages(const Pass& pass) const noexcept;
  kernels::AttentionProblem ProblemOf(Workspace& work, const Segment& segment) const noexcept;
  void Attend(const Pass& pass) const;
  void AttendInSpans(const Pass& pass) const;
  void ApplyGates(Workspace& work, TokenRange tokens) const noexcept;
};

}  // namespace hlwq::model
