// Causal attention over a paged cache, with online softmax.
#pragma once

#include <cstddef>
#include <span>

#include "tensor/dtype.h"

namespace hlwq::kernels {

// Keys and values of `page_tokens` consecutive tokens of one layer and sequence:
// [kv_head, token, head_dim] each. Keys are rotated already. Aligned to 64 bytes.
struct KvPage {
  std::byte* keys = nullptr;
  std::byte* values = nullptr;
};

struct KvPages {
  DType dtype = DType::kF16;  // or BF16, F32
  size_t page_tokens = 0;
  size_t kv_heads = 0, head_dim = 0;
  std::span<const KvPage> pages;  // page p holds positions from p * page_tokens
};

// Rounds the keys and values [kv_heads, head_dim] of one token into its place.
void StoreKv(const KvPages& cache, size_t position, std::span<const float> keys,
             std::span<const float> values) noexcept;

// `queries` consecutive tokens, the first at `first_position`; the cache holds keys and values of
// all positions up to the last query's. Query head j reads kv head j / (heads / kv_heads).
struct AttentionProblem {
  size_t heads = 0;
  float scale = 1;         // of the scores: 1 / sqrt(head_dim)
  size_t window = 0;       // token i sees j with i - window < j <= i; 0: all j <= i
  size_t first_position = 0;
  size_t queries = 0;
  const float* q = nullptr;    // query t, head j: q + t * q_stride + j * head_dim
  size_t q_stride = 0;
  float* out = nullptr;        // the same layout
  size_t out_stride = 0;
};

// A part of the problem that threads take: the query heads of one kv head, for queries
// [begin, end). AttentionQueryTile queries at a time are done together.
inline constexpr size_t kAttentionQueryTile = 16;
void Attend(const AttentionProblem& problem, const KvPages& cache, size_t kv_head,
            size_t query_begin, size_t query_end) noexcept;

}  // namespace hlwq::kernels
