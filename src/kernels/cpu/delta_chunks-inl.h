// The delta rule for whole chunks of tokens, for one target.
//
// Within a chunk let D_ij be the product of alpha_m for j < m <= i, and D_i that from the first
// token to i. The corrections r_i = beta_i (v_i - (alpha_i S_{i-1})^T k_i) of the recurrence are,
// with the state S before the chunk written out,
//   r_i = beta_i (v_i - D_i S^T k_i) - sum_{j<i} beta_i D_ij (k_i.k_j) r_j
// which forward substitution solves, and then
//   out_i = D_i S^T q_i + sum_{j<=i} D_ij (q_i.k_j) r_j
//   S <- D_last S + sum_j D_last,j k_j r_j^T
// Decays are multiplied, not divided by one another or summed as logarithms: they may underflow but
// neither overflow nor cancel. Columns of S know nothing of each other. A block of chunks is done
// for a panel of columns that stays in the first level cache, then for the next.
#if defined(HLWQ_KERNELS_CPU_DELTA_CHUNKS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_DELTA_CHUNKS_INL_H_
#undef HLWQ_KERNELS_CPU_DELTA_CHUNKS_INL_H_
#else
#define HLWQ_KERNELS_CPU_DELTA_CHUNKS_INL_H_
#endif

#include <cstddef>
#include <cstring>

#include "hwy/highway.h"
#include "kernels/cpu/delta_step-inl.h"
#include "kernels/cpu/lanes-inl.h"
#include "kernels/delta_rule.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// Few tokens keep small what a chunk adds to the three products with S, which are the same for any.
constexpr size_t kDeltaChunk = 16;
constexpr size_t kDeltaBlockChunks = 4;
// A tile of sums in registers.
constexpr size_t kDeltaTileRows = kManyRegisters ? 8 : 4;
constexpr size_t kDeltaTileVectors = 2;
constexpr size_t kDeltaPanel = kDeltaTileVectors * kLanes;  // columns
// An odd number of cache lines, which spreads rows over all sets of a cache.
constexpr size_t kDeltaKeyStride = kMostDeltaDim + 16;
static_assert(2 * kDeltaChunk % kDeltaTileRows == 0 && kMostDeltaDim % kDeltaTileRows == 0);
static_assert(kDeltaChunk % kLanes == 0);

// What all columns share of a chunk.
struct ChunkScratch {
  // The rows of keys, then of queries; zeros up to whole tiles.
  alignas(64) float keys[2 * kDeltaChunk * kDeltaKeyStride];
  // [i, j]: beta_i D_ij (k_i.k_j), then D_ij (q_i.k_j). What j > i has is not used.
  alignas(64) float overlaps[2 * kDeltaChunk * kDeltaChunk];
  float beta[kDeltaChunk];
  float decay[kDeltaChunk];         // D_i
  float decay_to_end[kDeltaChunk];  // D_last,j
};

struct DeltaScratch {
  ChunkScratch chunks[kDeltaBlockChunks];
  alignas(64) float keys_of_tokens[kMostDeltaDim * kDeltaChunk];  // of one chunk: [key_dim, token]
  alignas(64) float state[kMostDeltaDim * kDeltaPanel];           // [key_dim, column]
  alignas(64) float products[2 * kDeltaChunk * kDeltaPanel];      // keys, queries times S
  alignas(64) float corrections[kDeltaChunk * kDeltaPanel];       // r
};

static_assert(sizeof(DeltaScratch) <= 256 * 1024);

// A matrix [row, k] whose element is at row * kRowStride + k * kDepthStride.
template <size_t kRowStride, size_t kDepthStride>
struct DeltaFactor {
  const float* at;
  HWY_INLINE float operator()(size_t row, size_t k) const {
    return at[row * kRowStride + k * kDepthStride];
  }
};

// sums[row][n] = keep * sums[row][n] + sum over k of a(row, k) * b[k][n] for the rows of a tile and
// kVectors vectors of columns; kStride is that of sums and b. Without kKeep they begin with zero.
template <size_t kVectors, size_t kStride, bool kKeep, class Factor>
HWY_INLINE void DeltaTile(Factor a, const float* HWY_RESTRICT b, size_t depth, float keep,
                          float* HWY_RESTRICT sums) {
  VF sum[kDeltaTileRows][kVectors];
  for (size_t row = 0; row < kDeltaTileRows; ++row) {
    for (size_t n = 0; n < kVectors; ++n) {
      sum[row][n] =
          kKeep ? hn::Mul(hn::Set(DF(), keep), hn::Load(DF(), sums + row * kStride + n * kLanes))
                : hn::Zero(DF());
    }
  }
  for (size_t k = 0; k < depth; ++k, b += kStride) {
    VF columns[kVectors];
    for (size_t n = 0; n < kVectors; ++n) columns[n] = hn::Load(DF(), b + n * kLanes);
    for (size_t row = 0; row < kDeltaTileRows; ++row) {
      const VF factor = hn::Set(DF(), a(row, k));
      for (size_t n = 0; n < kVectors; ++n) {
        sum[row][n] = hn::MulAdd(factor, columns[n], sum[row][n]);
      }
    }
  }
  for (size_t row = 0; row < kDeltaTileRows; ++row) {
    for (size_t n = 0; n < kVectors; ++n) {
      hn::Store(sum[row][n], DF(), sums + row * kStride + n * kLanes);
    }
  }
}

// Copies the keys and queries of a chunk, the keys transposed as well.
HWY_INLINE void GatherChunk(const DeltaHead& head, size_t first, ChunkScratch& chunk,
                            float* HWY_RESTRICT keys_of_tokens) {
  const size_t key_dim = head.key_dim;
  const size_t padded = hwy::RoundUpTo(key_dim, kDeltaTileRows);
  for (size_t row = 0; row < 2 * kDeltaChunk; ++row) {
    const float* from = row < kDeltaChunk ? head.k + (first + row) * head.key_stride
                                          : head.q + (first + row - kDeltaChunk) * head.key_stride;
    float* to = chunk.keys + row * kDeltaKeyStride;
    std::memcpy(to, from, key_dim * sizeof(float));
    for (size_t i = key_dim; i < padded; ++i) to[i] = 0;
  }
  for (size_t i = 0; i < key_dim; ++i) {
    for (size_t token = 0; token < kDeltaChunk; ++token) {
      keys_of_tokens[i * kDeltaChunk + token] = chunk.keys[token * kDeltaKeyStride + i];
    }
  }
}

// What the columns share of the chunk from token `first` on.
HWY_INLINE void PrepareChunk(const DeltaHead& head, size_t first, ChunkScratch& chunk,
                             float* HWY_RESTRICT keys_of_tokens) {
  GatherChunk(head, first, chunk, keys_of_tokens);
  constexpr size_t kVectors = HWY_MIN(kDeltaTileVectors, kDeltaChunk / kLanes);
  for (size_t row = 0; row < 2 * kDeltaChunk; row += kDeltaTileRows) {
    const DeltaFactor<kDeltaKeyStride, 1> keys = {chunk.keys + row * kDeltaKeyStride};
    for (size_t column = 0; column < kDeltaChunk; column += kVectors * kLanes) {
      DeltaTile<kVectors, kDeltaChunk, false>(keys, keys_of_tokens + column, head.key_dim, 0,
                                              chunk.overlaps + row * kDeltaChunk + column);
    }
  }
  float from_start = 1;
  float* const decays = chunk.decay_to_end;  // D_ij of token i, in the end of the last
  for (size_t i = 0; i < kDeltaChunk; ++i) {
    const float alpha = DecayOf(head, first + i);
    const float beta = head.beta[(first + i) * head.gate_stride];
    chunk.beta[i] = beta;
    chunk.decay[i] = from_start *= alpha;
    for (size_t j = 0; j < i; ++j) decays[j] *= alpha;
    decays[i] = 1;
    for (size_t j = 0; j <= i; ++j) {
      chunk.overlaps[i * kDeltaChunk + j] *= beta * decays[j];
      chunk.overlaps[(kDeltaChunk + i) * kDeltaChunk + j] *= decays[j];
    }
  }
}

// The first kLanes or fewer of `count` elements, zeros after them.
HWY_INLINE VF LoadUpTo(const float* from, size_t count) {
  return count >= kLanes ? hn::LoadU(DF(), from) : LoadFirst(from, count, 0);
}
HWY_INLINE void StoreUpTo(VF v, size_t count, float* to) {
  count >= kLanes ? hn::StoreU(v, DF(), to) : StoreFirst(v, count, to);
}

// Solves for the corrections of a panel and writes the outputs; then the corrections have decayed
// to the end of the chunk. `v` and `out` are those of the panel's first column, of `columns`.
HWY_INLINE void CorrectPanel(const DeltaHead& head, const ChunkScratch& chunk,
                             const float* HWY_RESTRICT products, const float* v, size_t columns,
                             float* HWY_RESTRICT corrections, float* out) {
  constexpr size_t kVectors = kDeltaTileVectors;
  for (size_t i = 0; i < kDeltaChunk; ++i) {
    const VF decay = hn::Set(DF(), chunk.decay[i]), beta = hn::Set(DF(), chunk.beta[i]);
    VF correction[kVectors], output[kVectors];
    for (size_t n = 0; n < kVectors; ++n) {
      const size_t at = n * kLanes;
      const VF value =
          at < columns ? LoadUpTo(v + i * head.value_stride + at, columns - at) : hn::Zero(DF());
      const VF predicted = hn::Load(DF(), products + i * kDeltaPanel + at);
      const VF recalled = hn::Load(DF(), products + (kDeltaChunk + i) * kDeltaPanel + at);
      correction[n] = hn::Mul(beta, hn::NegMulAdd(decay, predicted, value));
      output[n] = hn::Mul(decay, recalled);
    }
    const float* key_overlaps = chunk.overlaps + i * kDeltaChunk;
    const float* query_overlaps = chunk.overlaps + (kDeltaChunk + i) * kDeltaChunk;
    for (size_t j = 0; j < i; ++j) {
      const VF of_key = hn::Set(DF(), key_overlaps[j]), of_query = hn::Set(DF(), query_overlaps[j]);
      for (size_t n = 0; n < kVectors; ++n) {
        const VF earlier = hn::Load(DF(), corrections + j * kDeltaPanel + n * kLanes);
        correction[n] = hn::NegMulAdd(of_key, earlier, correction[n]);
        output[n] = hn::MulAdd(of_query, earlier, output[n]);
      }
    }
    const VF of_query = hn::Set(DF(), query_overlaps[i]);
    for (size_t n = 0; n < kVectors; ++n) {
      hn::Store(correction[n], DF(), corrections + i * kDeltaPanel + n * kLanes);
      output[n] = hn::MulAdd(of_query, correction[n], output[n]);
      if (n * kLanes < columns) {
        StoreUpTo(output[n], columns - n * kLanes, out + i * head.out_stride + n * kLanes);
      }
    }
  }
  for (size_t i = 0; i < kDeltaChunk; ++i) {
    const VF decay = hn::Set(DF(), chunk.decay_to_end[i]);
    for (size_t at = i * kDeltaPanel; at < (i + 1) * kDeltaPanel; at += kLanes) {
      hn::Store(hn::Mul(decay, hn::Load(DF(), corrections + at)), DF(), corrections + at);
    }
  }
}

// The chunks of a block from token `first` on, for the columns from `column` on.
HWY_INLINE void AdvancePanel(const DeltaHead& head, size_t first, size_t chunks, size_t column,
                             DeltaScratch& scratch, float* state) {
  const size_t key_dim = head.key_dim, value_dim = head.value_dim;
  const size_t padded = hwy::RoundUpTo(key_dim, kDeltaTileRows);
  const size_t columns = HWY_MIN(kDeltaPanel, value_dim - column);
  for (size_t i = 0; i < padded; ++i) {
    for (size_t n = 0; n < kDeltaPanel; n += kLanes) {
      const VF s = i < key_dim && n < columns
                       ? LoadUpTo(state + i * value_dim + column + n, columns - n)
                       : hn::Zero(DF());
      hn::Store(s, DF(), scratch.state + i * kDeltaPanel + n);
    }
  }
  for (size_t c = 0; c < chunks; ++c, first += kDeltaChunk) {
    const ChunkScratch& chunk = scratch.chunks[c];
    for (size_t row = 0; row < 2 * kDeltaChunk; row += kDeltaTileRows) {
      const DeltaFactor<kDeltaKeyStride, 1> keys = {chunk.keys + row * kDeltaKeyStride};
      DeltaTile<kDeltaTileVectors, kDeltaPanel, false>(keys, scratch.state, key_dim, 0,
                                                       scratch.products + row * kDeltaPanel);
    }
    CorrectPanel(head, chunk, scratch.products, head.v + first * head.value_stride + column,
                 columns, scratch.corrections, head.out + first * head.out_stride + column);
    const float keep = chunk.decay[kDeltaChunk - 1];
    for (size_t i = 0; i < padded; i += kDeltaTileRows) {
      const DeltaFactor<1, kDeltaKeyStride> keys = {chunk.keys + i};
      DeltaTile<kDeltaTileVectors, kDeltaPanel, true>(keys, scratch.corrections, kDeltaChunk, keep,
                                                      scratch.state + i * kDeltaPanel);
    }
  }
  for (size_t i = 0; i < key_dim; ++i) {
    for (size_t n = 0; n < columns; n += kLanes) {
      StoreUpTo(hn::Load(DF(), scratch.state + i * kDeltaPanel + n), columns - n,
                state + i * value_dim + column + n);
    }
  }
}

// Tokens [0, last), a multiple of kDeltaChunk.
HWY_NOINLINE HWY_ATTR void DeltaChunks(const DeltaHead& head, size_t last, float* state) {
  DeltaScratch scratch;
  for (size_t first = 0; first < last; first += kDeltaBlockChunks * kDeltaChunk) {
    const size_t chunks = HWY_MIN(kDeltaBlockChunks, (last - first) / kDeltaChunk);
    for (size_t c = 0; c < chunks; ++c) {
      PrepareChunk(head, first + c * kDeltaChunk, scratch.chunks[c], scratch.keys_of_tokens);
    }
    for (size_t column = 0; column < head.value_dim; column += kDeltaPanel) {
      AdvancePanel(head, first, chunks, column, scratch, state);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
