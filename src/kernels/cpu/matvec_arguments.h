// What products with one vector or a few hand to their kernels, the same for every target.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"
#include "codec/bitpack.h"
#include "kernels/coded_matmul.h"
#include "kernels/dot_levels.h"
#include "kernels/rotated_inputs.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace hlwq::kernels {

inline constexpr size_t kMostVectorTokens = 16;  // at a time

// Of one token, in the width of the levels; followed by zeros up to 16 blocks.
struct MatVecInput {
  const void* activations = nullptr;  // int8_t or int16_t
  const float* scales = nullptr;
  const int32_t* sums = nullptr;  // two a block
};

// Of all codes.
struct MatVecTokens {
  size_t tokens = 0;
  MatVecInput inputs[kMostVectorTokens];
  float* y = nullptr;
  size_t y_stride = 0;  // from one token to the next

  // `tokens` are at most kMostVectorTokens.
  void Set(const RotatedInputs& from, TokenRange range, DotWidth width) noexcept {
    tokens = range.size();
    for (size_t token = 0; token < tokens; ++token) {
      const size_t at = range.begin + token;
      inputs[token] = {
          width == DotWidth::kNarrow ? static_cast<const void*>(from.narrow(at)) : from.wide(at),
          from.scales(at, width), from.sums(at)};
    }
  }
};

struct MatVecArguments : MatVecTokens {
  codec::BitOrder order = codec::BitOrder::kMsb;
  const DotLevels* levels = nullptr;
  const uint8_t* packed = nullptr;
  size_t block_bytes = 0;
  const uint8_t* norms = nullptr;
  DType norm_dtype = DType::kF16;
  size_t blocks = 0;      // of a row
  uint64_t num_rows = 0;  // of the matrix
  RowRange rows;

  const uint8_t* Row(uint64_t row) const noexcept { return packed + row * blocks * block_bytes; }
  const uint8_t* RowNorms(uint64_t row) const noexcept {
    return norms + row * blocks * (norm_dtype == DType::kF16 ? 2 : 4);
  }
};

// Sets what `args` has of tokens, and calls run() for every kMostVectorTokens of them.
template <class Arguments, class Run>
void ForMatVecTokens(const RotatedInputs& inputs, TokenRange tokens, size_t stride,
                     std::span<float> y, Arguments& args, Run run) {
  HLWQ_DASSERT(inputs.blocks() == args.blocks && tokens.end <= inputs.max_tokens());
  HLWQ_DASSERT(args.rows.begin <= args.rows.end && args.rows.end <= args.num_rows);
  HLWQ_DASSERT(tokens.size() == 0 || y.size() >= (tokens.size() - 1) * stride + args.rows.end);
  args.y_stride = stride;
  for (size_t token = tokens.begin; token < tokens.end; token += kMostVectorTokens) {
    args.Set(inputs, {token, std::min(token + kMostVectorTokens, tokens.end)}, args.levels->width);
    args.y = y.data() + (token - tokens.begin) * stride;
    run();
  }
}

}  // namespace hlwq::kernels
