// What the gated delta nets of a model remember of one sequence. Its size does not depend on the
// length; it cannot be cut back to an earlier token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/config.h"
#include "tensor/buffer.h"

namespace hlwq::model {

// Before the first token all is zero. Empty for models without such layers. Thread: distinct layers
// at the same time.
class RecurrentState {
 public:
  RecurrentState() = default;
  explicit RecurrentState(const ModelConfig& config);
  static uint64_t Bytes(const ModelConfig& config) noexcept;

  bool is_empty() const noexcept { return values_.size() == 0; }
  uint64_t bytes() const noexcept { return values_.size() * sizeof(float); }
  // The inputs of the convolution of the last tokens, [conv_kernel - 1, channels], oldest first.
  std::span<float> Inputs(size_t layer) noexcept;
  // [value_heads, key_dim, value_dim].
  std::span<float> Memory(size_t layer) noexcept;

  // All of them, as files have them: for each layer its inputs and its memory.
  std::span<float> values() noexcept { return values_.span(); }
  std::span<const float> values() const noexcept { return values_.span(); }

  void Clear() noexcept;
  RecurrentState Copy() const;
  // Becomes equal to `other`, of the same model.
  void CopyFrom(const RecurrentState& other) noexcept;

 private:
  size_t input_floats_ = 0, memory_floats_ = 0;  // of a layer
  std::vector<size_t> offsets_;                  // of each layer of the model, into values_
  Buffer<float> values_;
};

}  // namespace hlwq::model
