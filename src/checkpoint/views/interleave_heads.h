// The row order of q and k in the llama family of GGUF.
#pragma once

#include <cstdint>
#include <span>

#include "checkpoint/views/row_change.h"

namespace hlwq::checkpoint {

// Within each head of `head_dim` rows, row s * head_dim / 2 + j becomes row 2j + s: the two halves
// that transformers rotates against each other are interleaved, as llama.cpp wants them. Of a bias,
// which is one row, the columns move. The inverse of the row map that reading applies
// (gguf/names.h, UnpermutedHeads).
class InterleaveHeads final : public RowChange {
 public:
  enum class Of : uint8_t { kRows, kColumns };
  InterleaveHeads(uint64_t head_dim, Of of) : head_dim_(head_dim), of_(of) {}

  uint64_t row_block() const noexcept override { return of_ == Of::kRows ? head_dim_ : 1; }
  void Apply(RowRange rows, std::span<float> weights) const override;

 private:
  uint64_t head_dim_;
  Of of_;
};

}  // namespace hlwq::checkpoint
