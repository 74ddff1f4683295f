// Causal attention over a paged cache, with online softmax.
#pragma once

#include <cstddef>
#include <span>

#include "codec/kv_tile.h"
#include "kernels/row_span.h"
#include "tensor/dtype.h"

namespace hlwq::kernels {

// Positions that lie together in a page and are computed together.
using codec::kKvTile;

// Keys and values of one layer and sequence, in pages of `page_tokens` consecutive tokens. Keys are
// rotated already and lie as a product with a query wants them: [kv_head, tile, head_dim, kKvTile].
// Values: [kv_head, token, head_dim]. Both aligned to 64 bytes. What no StoreKv has written yet is
// never used.
struct KvPages {
  DType dtype = DType::kF16;  // or BF16, F32
  size_t page_tokens = 0;     // a multiple of kKvTile
  size_t kv_heads = 0, head_dim = 0;
  std::span<std::byte* const> pages;  // page p holds positions from p * page_tokens
  // Where the keys and the values of the layer begin in every page, in bytes.
  size_t keys_offset = 0, values_offset = 0;

  std::byte* keys(size_t page) const noexcept { return pages[page] + keys_offset; }
  std::byte* values(size_t page) const noexcept { return pages[page] + values_offset; }
  // Of the keys of one page, and of its values.
  size_t page_bytes() const noexcept {
    return page_tokens * kv_heads * head_dim * (BitsPerElement(dtype) / 8);
  }
};

// The same layer and sequence, coded: each page is a tile of keys and values of kKvTile tokens of every
// head. A query sees pages that end before its own page begins as coded, but for the first ones.
struct CodedKvPages {
  codec::KvTileLayout keys, values;
  size_t kv_heads = 0;
  size_t first_page = 0;              // those before are seen as they are in KvPages
  std::span<std::byte* const> pages;  // page p holds positions from p * kKvTile
  size_t keys_offset = 0, values_offset = 0;

  // Of a page and head, 64-byte aligned.
  std::byte* key_tile(size_t page, size_t kv_head) const noexcept {
    return pages[page] + keys_offset + kv_head * keys.bytes();
  }
  std::byte* value_tile(size_t page, size_t kv_head) const noexcept {
    return pages[page] + values_offset + kv_head * values.bytes();
  }
};

// Rounds the keys and values [tokens, kv_heads * head_dim] of consecutive tokens into their places,
// from `position` on. What is beyond the range of the type becomes its largest finite value, as an
// infinity would spoil every token that reads it. Thread: safe for different positions.
void StoreKv(const KvPages& cache, size_t position, RowSpan<const float> keys,
             RowSpan<const float> values) noexcept;

// Positions are attended to in spans of so many, which threads may share, and what these give is merged in
// their order: the result does not depend on who computes what.
inline constexpr size_t kAttentionSpan = 1024;

// Spans [first, last).
struct AttentionSpans {
  size_t first = 0, last = 0;

  size_t count() const noexcept { return last - first; }
};

// `queries` consecutive tokens, the first at `first_position`; the cache holds keys and values of
// all positions up to the last query's. Query head j reads kv head j / (heads / kv_heads).
struct AttentionProblem {
  size_t heads = 0;
  float scale = 1;    // of the scores: 1 / sqrt(head_dim)
  size_t window = 0;  // token i sees j with i - window < j <= i; 0: all j <= i
  size_t first_position = 0;
  size_t queries = 0;
  const float* q = nullptr;  // query t, head j: q + t * q_stride + j * head_dim
  size_t q_stride = 0;
  float* out = nullptr;  // the same layout
  size_t out_stride = 0;

  // With positions that queries [begin, end) see; begin < end.
  AttentionSpans SpansOf(size_t begin, size_t end) const noexcept {
    const size_t seen = first_position + begin + 1;
    const size_t first = window == 0 || window >= seen ? 0 : seen - window;
    return {first / kAttentionSpan, (first_position + end - 1) / kAttentionSpan + 1};
  }
  // The number of the part of a query, head and span, among all of them: [query, head, span].
  size_t PartOf(size_t query, size_t head, size_t span) const noexcept {
    const AttentionSpans spans = SpansOf(0, queries);
    return (query * heads + head) * spans.count() + span - spans.first;
  }
};

// A part of the problem that threads take: the query heads of one kv head, for queries
// [begin, end). Best with kAttentionQueryTile queries, or one: they share each conversion of keys
// and values. The result of a query is the same to the last bit whatever is computed with it, at
// any size of page; float32 arithmetic in an order that depends on the target. A query all of whose
// scores are -inf gets zeros. head_dim is at most kMostHeadDim. Thread: safe for disjoint parts. Stack:
// 400 KiB; allocates nothing. Cost: one query, the bandwidth of keys and values; tiles of queries,
// arithmetic.
//
// With `coded`, `cache`, of F16 and of pages of kKvTile tokens, has only to hold those that queries do
// not see coded. The head is one that codec::KvShapeOf takes. Queries and weights are rounded to 16-bit
// integers, relative to the largest; a value whose weight is below kLeastKvWeight of the sum so far
// counts as nothing. Within 1e-3 of the norm of what attention to the decoded keys and values gives.
inline constexpr size_t kAttentionQueryTile = 16;
inline constexpr size_t kMostHeadDim = 8192;
inline constexpr float kLeastKvWeight = 1e-6f;
void Attend(const AttentionProblem& problem, const KvPages& cache, const CodedKvPages* coded,
            size_t kv_head, size_t query_begin, size_t query_end) noexcept;

// What one span gives to all queries, parts of head_dim + kAttentionPartFloats floats at
// problem.PartOf of the query heads of the kv head.
inline constexpr size_t kAttentionPartFloats = 2;
void AttendSpan(const AttentionProblem& problem, const KvPages& cache, const CodedKvPages* coded,
                size_t kv_head, size_t span, float* parts) noexcept;
// The result of one query and head from all parts of the problem: the bits of Attend.
void MergeSpans(const AttentionProblem& problem, const float* parts, size_t head_dim, size_t query,
                size_t head) noexcept;

}  // namespace hlwq::kernels
