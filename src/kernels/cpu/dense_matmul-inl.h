// Dense products for one target. Every element of y is made of the same sum, whichever function
// computes it: lane l adds the products of the elements l, l + kLanes, .. of the row one after
// another, then the lanes are added.
#if defined(HLWQ_KERNELS_CPU_DENSE_MATMUL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_DENSE_MATMUL_INL_H_
#undef HLWQ_KERNELS_CPU_DENSE_MATMUL_INL_H_
#else
#define HLWQ_KERNELS_CPU_DENSE_MATMUL_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/cpu/dense_arguments.h"
#include "kernels/cpu/float_rows-inl.h"
#include "kernels/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// y[0 .. kRows) = the rows at w times x.
template <class Format, size_t kRows>
HWY_INLINE void DotRows(const uint8_t* HWY_RESTRICT w, size_t row_bytes,
                        const float* HWY_RESTRICT x, size_t in, float* HWY_RESTRICT y) {
  constexpr size_t kAhead = 512;  // bytes; the processor's own guess is not enough
  VF sums[kRows];
  for (size_t row = 0; row < kRows; ++row) sums[row] = hn::Zero(DF());
  size_t i = 0;
  for (; i + kLanes <= in; i += kLanes) {
    const VF inputs = hn::LoadU(DF(), x + i);
    for (size_t row = 0; row < kRows; ++row) {
      const uint8_t* from = w + row * row_bytes + i * Format::kBytes;
      hwy::Prefetch(from + kAhead);
      sums[row] = hn::MulAdd(Format::LoadNumber(DF(), from), inputs, sums[row]);
    }
  }
  if (i < in) {
    const VF inputs = LoadFirst(x + i, in - i, 0);
    for (size_t row = 0; row < kRows; ++row) {
      const VF weights = LoadFirstAs<Format>(w + row * row_bytes + i * Format::kBytes, in - i);
      sums[row] = hn::MulAdd(weights, inputs, sums[row]);
    }
  }
  for (size_t row = 0; row < kRows; ++row) y[row] = SumLanes(sums[row]);
}

template <class Format>
HWY_ATTR void MatVec(const DenseArguments& args) {
  // Memory is read fastest as one stream. That is enough where sixteen sums make one vector of
  // every 32 bytes; other sums would wait for themselves.
  constexpr size_t kRowsAtOnce = kLanes >= 16 && Format::kBytes == 2 ? 1 : 4;
  const size_t row_bytes = args.in * Format::kBytes;
  const uint8_t* w = args.w;
  size_t row = 0;
  for (; row + kRowsAtOnce <= args.rows; row += kRowsAtOnce) {
    DotRows<Format, kRowsAtOnce>(w + row * row_bytes, row_bytes, args.x, args.in, args.y + row);
  }
  for (; row < args.rows; ++row) {
    DotRows<Format, 1>(w + row * row_bytes, row_bytes, args.x, args.in, args.y + row);
  }
}

// The product is cut into blocks that stay in the caches: weights of a block, converted once, in
// the first level, the inputs in the second. The sums of a block are whole vectors, so that
// cutting the rows does not change the order of additions.
constexpr size_t kTileRows = kManyRegisters ? 4 : 2;  // x kTileTokens sums in registers
constexpr size_t kTileTokens = 6;
constexpr size_t kBlockRows = 8;
constexpr size_t kBlockTokens = 96;
constexpr size_t kBlockIn = 1024;

struct MatMulScratch {
  alignas(64) float weights[kBlockRows * kBlockIn];
  alignas(64) float sums[kBlockRows * kBlockTokens * kLanes];  // [row, token] vectors
  alignas(64) float input_ends[kBlockTokens * kLanes];
};

// Elements [begin, end) of `rows` rows at w as floats [kBlockRows, stride], zeros in the rows and
// elements beyond.
template <class Format>
HWY_INLINE void WidenBlock(const uint8_t* HWY_RESTRICT w, size_t row_bytes, size_t rows,
                           size_t begin, size_t end, size_t stride, float* HWY_RESTRICT to) {
  for (size_t row = 0; row < rows; ++row, to += stride) {
    const uint8_t* HWY_RESTRICT from = w + row * row_bytes + begin * Format::kBytes;
    size_t i = 0;
    for (; i + kLanes <= end - begin; i += kLanes) {
      hn::Store(Format::LoadNumber(DF(), from + i * Format::kBytes), DF(), to + i);
    }
    if (i < end - begin) {
      hn::Store(LoadFirstAs<Format>(from + i * Format::kBytes, end - begin - i), DF(), to + i);
    }
  }
  std::memset(to, 0, (kBlockRows - rows) * stride * sizeof(float));
}

// Where a tile finds its rows and inputs.
struct TileInputs {
  const float* w;
  size_t w_stride;
  const float* x;
  size_t x_stride;
  size_t count;  // a multiple of kLanes
  bool is_first;
};

template <size_t kTokens>
HWY_INLINE void AddTile(const TileInputs& in, float* HWY_RESTRICT sums) {
  VF sum[kTileRows][kTokens];
  for (size_t row = 0; row < kTileRows; ++row) {
    for (size_t token = 0; token < kTokens; ++token) {
      const float* at = sums + (row * kBlockTokens + token) * kLanes;
      sum[row][token] = in.is_first ? hn::Zero(DF()) : hn::Load(DF(), at);
    }
  }
  for (size_t i = 0; i < in.count; i += kLanes) {
    VF inputs[kTokens];
    for (size_t token = 0; token < kTokens; ++token) {
      inputs[token] = hn::LoadU(DF(), in.x + token * in.x_stride + i);
    }
    for (size_t row = 0; row < kTileRows; ++row) {
      const VF weights = hn::Load(DF(), in.w + row * in.w_stride + i);
      for (size_t token = 0; token < kTokens; ++token) {
        sum[row][token] = hn::MulAdd(weights, inputs[token], sum[row][token]);
      }
    }
  }
  for (size_t row = 0; row < kTileRows; ++row) {
    for (size_t token = 0; token < kTokens; ++token) {
      hn::Store(sum[row][token], DF(), sums + (row * kBlockTokens + token) * kLanes);
    }
  }
}

HWY_INLINE void AddTileOf(size_t tokens, const TileInputs& in, float* HWY_RESTRICT sums) {
  switch (tokens) {
    case 1:
      return AddTile<1>(in, sums);
    case 2:
      return AddTile<2>(in, sums);
    case 3:
      return AddTile<3>(in, sums);
    case 4:
      return AddTile<4>(in, sums);
    case 5:
      return AddTile<5>(in, sums);
    default:
      return AddTile<6>(in, sums);
  }
}

// All tiles of a block: in.w and in.x are those of its first row and token.
HWY_INLINE void AddTiles(const TileInputs& in, size_t rows, size_t tokens,
                         float* HWY_RESTRICT sums) {
  for (size_t row = 0; row < rows; row += kTileRows) {
    for (size_t token = 0; token < tokens; token += kTileTokens) {
      TileInputs tile = in;
      tile.w += row * in.w_stride;
      tile.x += token * in.x_stride;
      AddTileOf(HWY_MIN(kTileTokens, tokens - token), tile,
                sums + (row * kBlockTokens + token) * kLanes);
    }
  }
}

template <class Format>
HWY_INLINE void MatMulBlock(const DenseArguments& args, size_t first_row, size_t rows,
                            size_t first_token, size_t tokens, MatMulScratch& scratch) {
  const size_t row_bytes = args.in * Format::kBytes;
  const size_t whole = args.in / kLanes * kLanes;
  const uint8_t* w = args.w + first_row * row_bytes;
  const float* x = args.x + first_token * args.x_stride;
  for (size_t begin = 0; begin < whole; begin += kBlockIn) {
    const size_t end = HWY_MIN(begin + kBlockIn, whole);
    WidenBlock<Format>(w, row_bytes, rows, begin, end, kBlockIn, scratch.weights);
    AddTiles({scratch.weights, kBlockIn, x + begin, args.x_stride, end - begin, begin == 0}, rows,
             tokens, scratch.sums);
  }
  if (whole < args.in) {
    const size_t rest = args.in - whole;
    WidenBlock<Format>(w, row_bytes, rows, whole, args.in, kLanes, scratch.weights);
    for (size_t token = 0; token < tokens; ++token) {
      hn::Store(LoadFirst(x + token * args.x_stride + whole, rest, 0), DF(),
                scratch.input_ends + token * kLanes);
    }
    AddTiles({scratch.weights, kLanes, scratch.input_ends, kLanes, kLanes, whole == 0}, rows,
             tokens, scratch.sums);
  }
  for (size_t token = 0; token < tokens; ++token) {
    float* y = args.y + (first_token + token) * args.y_stride + first_row;
    for (size_t row = 0; row < rows; ++row) {
      y[row] = SumLanes(hn::Load(DF(), scratch.sums + (row * kBlockTokens + token) * kLanes));
    }
  }
}

template <class Format>
HWY_ATTR void MatMul(const DenseArguments& args) {
  MatMulScratch scratch;
  for (size_t token = 0; token < args.tokens; token += kBlockTokens) {
    const size_t tokens = HWY_MIN(kBlockTokens, args.tokens - token);
    for (size_t row = 0; row < args.rows; row += kBlockRows) {
      const size_t rows = HWY_MIN(kBlockRows, args.rows - row);
      MatMulBlock<Format>(args, row, rows, token, tokens, scratch);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
