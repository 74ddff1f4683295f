// Gated DeltaNet (arXiv:2412.06464): linear attention with a state that is corrected by the delta
// rule.
#pragma once

#include <cstddef>
#include <vector>

#include "model/layer.h"
#include "model/linear.h"
#include "tensor/buffer.h"

namespace hlwq::model {

struct DeltaScratch;

// Some rows of an input projection, and where their products go: columns of DeltaScratch::inputs.
struct PlacedLinear {
  Linear linear;
  size_t column = 0;
};

struct DeltaWeights {
  std::vector<PlacedLinear> inputs;  // of q, k, v, z, b and a
  Buffer<float> conv;                // [conv_kernel, channels]
  Buffer<float> a_log, dt_bias;      // [value_heads]
  Buffer<float> norm;                // [value_dim]
  Linear out;
};

struct DeltaConfig {
  size_t layer = 0;
  size_t key_heads = 0, value_heads = 0, key_dim = 0, value_dim = 0;
  size_t conv_kernel = 0;
  float norm_epsilon = 0;

  size_t key_width() const noexcept { return key_heads * key_dim; }
  size_t value_width() const noexcept { return value_heads * value_dim; }
  // Columns of the inputs: q, k, v (which pass through the convolution), z, b, a.
  size_t channels() const noexcept { return 2 * key_width() + value_width(); }
  size_t z() const noexcept { return channels(); }
  size_t b() const noexcept { return z() + value_width(); }
  size_t a() const noexcept { return b() + value_heads; }
  size_t columns() const noexcept { return a() + value_heads; }
  // Of DeltaWeights::inputs: six for each key head where they are fused, else four.
  size_t most_inputs() const noexcept { return 6 * key_heads; }
};
DeltaConfig DeltaConfigOf(const ModelConfig& config, size_t layer) noexcept;

class DeltaLayer final : public Block {
 public:
  DeltaLayer(const DeltaConfig& config, DeltaWeights weights);

  InputForms forms() const noexcept override;
  uint64_t bytes_per_token() const noexcept override;
  void Run(const Pass& pass) const override;

 private:
  DeltaConfig config_;
  DeltaWeights weights_;

  void Convolve(const Pass& pass, TokenRange tokens) const noexcept;
  void NormKeysAndQueries(DeltaScratch& delta, TokenRange tokens) const noexcept;
  void MakeGates(DeltaScratch& delta, TokenRange tokens) const noexcept;
  void KeepInputs(const Pass& pass) const noexcept;
  void RunHeads(const Pass& pass) const noexcept;
};

}  // namespace hlwq::model
