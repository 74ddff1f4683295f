// W x for many tokens: tiles of W are decoded once and multiplied with all of them.
//
// Loops, from outside: up to 512 tokens, 64 rows, a tile of blocks, kTileTokens tokens, the rows in
// registers. The tile stays in the first-level cache, the activations of its blocks come from the
// second, as do the float sums; both are fetched ahead.
#if defined(HLWQ_KERNELS_CPU_CODED_MATMUL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_CODED_MATMUL_INL_H_
#undef HLWQ_KERNELS_CPU_CODED_MATMUL_INL_H_
#else
#define HLWQ_KERNELS_CPU_CODED_MATMUL_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/coded_matmul.h"
#include "kernels/cpu/level_tile-inl.h"
#include "kernels/cpu/tile_product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

constexpr size_t kMostTokens = 512;  // at a time

// Products of one matrix. `Stored` is the type of the activations in the inputs; words are made of
// bytes where there is no product of bytes.
template <class Source, class Dot, typename Stored>
class TiledProduct {
 public:
  HWY_INLINE TiledProduct(const typename Source::Matrix& w, const RotatedInputs& inputs)
      : reader_(w),
        inputs_(inputs),
        width_(w.levels->width),
        row_blocks_(w.blocks()),
        first_row_(Source::FirstRow(w)) {}

  // Tokens [token, token + tokens), at most kMostTokens, to y of the first of them.
  HWY_ATTR void Multiply(size_t token, size_t tokens, RowRange rows, size_t stride,
                         float* HWY_RESTRICT y) {
    for (size_t t = 0; t < tokens; ++t) {
      tokens_[t] = {Activations(token + t), inputs_.scales(token + t, width_),
                    inputs_.sums(token + t)};
    }
    const size_t begin = first_row_ + rows.begin, end = first_row_ + rows.end;
    size_t skipped = begin % Source::kRowUnit;
    for (size_t row = begin - skipped; row < end; row += kMatMulRows, skipped = 0) {
      MultiplyRows(row, HWY_MIN(kMatMulRows, end - row), skipped, tokens, stride,
                   y + (row + skipped - first_row_));
    }
  }

 private:
  using Activation = typename Dot::Activation;
  using Tile = LevelTile<Dot, Source::kMultipliers>;
  static constexpr bool kWidens = sizeof(Stored) < sizeof(Activation);

  HWY_INLINE const Stored* Activations(size_t token) const {
    if constexpr (sizeof(Stored) == 1) {
      return Source::kRowUnit == 1 ? inputs_.narrow(token) : inputs_.narrow_tiles(token);
    } else {
      return Source::kRowUnit == 1 ? inputs_.wide(token) : inputs_.wide_tiles(token);
    }
  }

  // The first `skipped` rows are left out; `y` is that of the one after them.
  HWY_ATTR void MultiplyRows(size_t row, size_t rows, size_t skipped, size_t tokens, size_t stride,
                             float* HWY_RESTRICT y) {
    std::fill_n(sums_, tokens * kMatMulRows, 0.0f);
    const size_t groups = (rows + kGroupRows - 1) / kGroupRows;
    for (size_t block = 0; block < row_blocks_; block += kTileBlocks<Dot>) {
      const size_t blocks = HWY_MIN(kTileBlocks<Dot>, row_blocks_ - block);
      const size_t next = block + blocks;
      reader_.Read(row, rows, block, blocks, tile_);
      if (next < row_blocks_) {
        reader_.Prefetch(row, rows, next, HWY_MIN(kTileBlocks<Dot>, row_blocks_ - next));
      }
      for (size_t token = 0; token < tokens; token += kTileTokens) {
        const size_t count = HWY_MIN(kTileTokens, tokens - token);
        MultiplyTokens(groups, block, blocks, token, count, tokens);
        if (next < row_blocks_) continue;
        // At once, so that the misses of these stores pass while others multiply.
        for (size_t t = token; t < token + count; ++t) {
          std::copy_n(sums_ + t * kMatMulRows + skipped, rows - skipped, y + t * stride);
        }
      }
    }
  }

  HWY_INLINE void MultiplyTokens(size_t groups, size_t block, size_t blocks, size_t token,
                                 size_t count, size_t tokens) {
    for (size_t t = token + kTileTokens; t < HWY_MIN(token + 2 * kTileTokens, tokens); ++t) {
      const TokenInput<Stored>& next = tokens_[t];
      const Stored* activations = next.activations + block * kBlock;
      for (size_t i = 0; i < blocks * kBlock; i += 64 / sizeof(Stored)) {
        hwy::Prefetch(activations + i);
      }
      hwy::Prefetch(next.scales + block);
      hwy::Prefetch(next.sums + 2 * block);
    }
    TokenInput<Activation> inputs[kTileTokens];
    for (size_t t = 0; t < count; ++t) {
      const TokenInput<Stored>& from = tokens_[token + t];
      inputs[t] = {nullptr, from.scales + block, from.sums + 2 * block};
      if constexpr (kWidens) {
        inputs[t].activations = widened_ + t * kTileBlocks<Dot> * kBlock;
        Widen(from.activations + block * kBlock, blocks, widened_ + t * kTileBlocks<Dot> * kBlock);
      } else {
        inputs[t].activations = from.activations + block * kBlock;
      }
    }
    float* to = sums_ + token * kMatMulRows;
    switch (count) {
      case 1:
        return AddBlocks<1>(groups, blocks, inputs, to);
      case 2:
        return AddBlocks<2>(groups, blocks, inputs, to);
      case 3:
        return AddBlocks<3>(groups, blocks, inputs, to);
      case 4:
        return AddBlocks<4>(groups, blocks, inputs, to);
      case 5:
        return AddBlocks<5>(groups, blocks, inputs, to);
      default:
        return AddBlocks<6>(groups, blocks, inputs, to);
    }
  }

  template <size_t kTokens>
  HWY_ATTR HWY_NOINLINE void AddBlocks(size_t groups, size_t blocks,
                                       const TokenInput<Activation>* HWY_RESTRICT inputs,
                                       float* HWY_RESTRICT to) const {
    for (size_t block = 0; block < blocks; ++block) {
      for (size_t group = 0; group < groups; ++group) {
        AddBlock<Dot, Source::kMultipliers, kTokens, kMatMulRows>(
            tile_.levels + Tile::At(block, group), tile_.multipliers[block] + group * kGroupRows,
            inputs, block, to + group * kGroupRows);
      }
    }
  }

  static HWY_INLINE void Widen(const Stored* HWY_RESTRICT from, size_t blocks,
                               Activation* HWY_RESTRICT to) {
    const hn::Repartition<Activation, DI> d;
    const hn::Rebind<Stored, decltype(d)> d_stored;
    for (size_t i = 0; i < blocks * kBlock; i += hn::MaxLanes(d)) {
      hn::Store(hn::PromoteTo(d, hn::LoadU(d_stored, from + i)), d, to + i);
    }
  }

  const typename Source::template Reader<Dot> reader_;
  const RotatedInputs& inputs_;
  DotWidth width_;
  size_t row_blocks_;
  size_t first_row_;  // of the matrix, as the reader counts
  TokenInput<Stored> tokens_[kMostTokens];
  Tile tile_;
  alignas(64) Activation widened_[kWidens ? kTileTokens * kTileBlocks<Dot> * kBlock : 1];
  alignas(64) float sums_[kMostTokens * kMatMulRows];  // [token, row]
};

template <class Source, class Dot, typename Stored>
HWY_ATTR HWY_NOINLINE void MatMulWith(const typename Source::Matrix& w, const RotatedInputs& inputs,
                                      TokenRange tokens, RowRange rows, size_t stride,
                                      float* HWY_RESTRICT y) {
  TiledProduct<Source, Dot, Stored> product(w, inputs);
  for (size_t token = tokens.begin; token < tokens.end; token += kMostTokens) {
    const size_t count = HWY_MIN(kMostTokens, tokens.end - token);
    product.Multiply(token, count, rows, stride, y + (token - tokens.begin) * stride);
  }
}

// In the width of the levels.
template <class Source>
void MatMulOf(const typename Source::Matrix& w, const RotatedInputs& inputs, TokenRange tokens,
              RowRange rows, size_t stride, float* y) {
  if (w.levels->width == DotWidth::kWide) {
    return MatMulWith<Source, WordDot, int16_t>(w, inputs, tokens, rows, stride, y);
  }
#if HWY_TARGET <= HWY_AVX3_DL
  MatMulWith<Source, ByteDot, int8_t>(w, inputs, tokens, rows, stride, y);
#else
  MatMulWith<Source, WordDot, int8_t>(w, inputs, tokens, rows, stride, y);
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
