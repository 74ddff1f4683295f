#include "kernels/attention.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "kernels/cpu/attention_arguments.h"
#include "kernels/cpu/target.h"
#include "kernels/float_rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#include "kernels/cpu/attention-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

void AttendOn(const AttentionProblem& problem, const KvPages& cache, size_t kv_head,
              size_t query_begin, size_t query_end, const SpansToAttend& spans) {
  const auto attend = [&](auto format) HWY_ATTR {
    AttendTo<decltype(format), false>(problem, cache, nullptr, kv_head, query_begin, query_end,
                                      spans, nullptr);
  };
  switch (cache.dtype) {
    case DType::kF16:
      return attend(F16Format());
    case DType::kBF16:
      return attend(Bf16Format());
    default:
      return attend(F32Format());
  }
}

void MergeOn(const float* parts, size_t count, size_t head_dim, float* out) {
  alignas(64) float sum[kMostHeadDim + kPartSums];
  sum[0] = kNoScore;
  sum[1] = 0;
  for (size_t i = 0; i < count; ++i) MergePart(parts + i * (kPartSums + head_dim), head_dim, sum);
  FinishPart(sum, head_dim, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(AttendOn);
HWY_EXPORT(MergeOn);

namespace {

constexpr size_t kChunk = 256;  // elements rounded at a time

// The largest finite value.
float LargestOf(DType dtype) noexcept {
  if (dtype == DType::kF16) return 65504.0f;
  return dtype == DType::kBF16 ? 0x1.FEp127f : std::numeric_limits<float>::max();
}

// As many elements as `from` has, `stride` bytes apart.
void Scatter(std::span<const std::byte> from, size_t element_bytes, size_t stride, std::byte* to) {
  for (size_t at = 0; at < from.size(); at += element_bytes, to += stride) {
    std::memcpy(to, from.data() + at, element_bytes);
  }
}

// Keys and values [kv_heads, head_dim] of one token.
void StoreToken(const KvPages& cache, size_t position, std::span<const float> keys,
                std::span<const float> values) noexcept {
  const size_t head_dim = cache.head_dim;
  const size_t bytes = BitsPerElement(cache.dtype) / 8;
  const size_t page = position / cache.page_tokens;
  const size_t in_page = position % cache.page_tokens;
  const size_t tile = in_page / kKvTile, in_tile = in_page % kKvTile;
  const float limit = LargestOf(cache.dtype);
  std::array<float, kChunk> limited;
  std::array<std::byte, kChunk * sizeof(float)> rounded;
  for (size_t head = 0; head < cache.kv_heads; ++head) {
    const size_t tiles = head * (cache.page_tokens / kKvTile) + tile;
    std::byte* const key_tile = cache.keys(page) + tiles * head_dim * kKvTile * bytes;
    std::byte* const value_tile = cache.values(page) + tiles * head_dim * kKvTile * bytes;
    for (size_t first = 0; first < head_dim; first += kChunk) {
      const size_t count = std::min(kChunk, head_dim - first);
      const auto round = [&](std::span<const float> from) {
        for (size_t i = 0; i < count; ++i) {
          limited[i] = std::clamp(from[head * head_dim + first + i], -limit, limit);
        }
        FromFloat(std::span(limited).first(count), cache.dtype,
                  std::span(rounded).first(count * bytes));
      };
      round(keys);
      Scatter(std::span(rounded).first(count * bytes), bytes, kKvTile * bytes,
              key_tile + (first * kKvTile + in_tile) * bytes);
      round(values);
      std::memcpy(value_tile + (in_tile * head_dim + first) * bytes, rounded.data(), count * bytes);
    }
  }
}

}  // namespace

void StoreKv(const KvPages& cache, size_t position, RowSpan<const float> keys,
             RowSpan<const float> values) noexcept {
  HLWQ_DASSERT(IsWeightFloat(cache.dtype) && cache.page_tokens % kKvTile == 0);
  HLWQ_DASSERT(position + keys.rows <= cache.pages.size() * cache.page_tokens);
  HLWQ_DASSERT(keys.width == cache.kv_heads * cache.head_dim);
  HLWQ_DASSERT(values.rows == keys.rows && values.width == keys.width);
  for (size_t token = 0; token < keys.rows; ++token) {
    StoreToken(cache, position + token, keys[token], values[token]);
  }
}

namespace {

void CheckProblem([[maybe_unused]] const AttentionProblem& problem,
                  [[maybe_unused]] const KvPages& cache, [[maybe_unused]] const CodedKvPages* coded,
                  [[maybe_unused]] size_t kv_head) {
  HLWQ_DASSERT(IsWeightFloat(cache.dtype) && cache.page_tokens % kKvTile == 0);
  HLWQ_DASSERT(cache.head_dim <= kMostHeadDim);
  HLWQ_DASSERT(kv_head < cache.kv_heads && problem.heads % cache.kv_heads == 0);
  HLWQ_DASSERT(problem.first_position + problem.queries <= cache.pages.size() * cache.page_tokens);
  HLWQ_DASSERT(coded == nullptr ||
               (cache.dtype == DType::kF16 && cache.page_tokens == kKvTile &&
                coded->kv_heads == cache.kv_heads && coded->keys.shape.head_dim == cache.head_dim));
}

void AttendAny(const AttentionProblem& problem, const KvPages& cache, const CodedKvPages* coded,
               size_t kv_head, size_t query_begin, size_t query_end,
               const SpansToAttend& spans) noexcept {
  CheckProblem(problem, cache, coded, kv_head);
  if (coded != nullptr) {
    return AttendToCoded(problem, cache, *coded, kv_head, query_begin, query_end, spans);
  }
  HWY_DYNAMIC_DISPATCH(AttendOn)(problem, cache, kv_head, query_begin, query_end, spans);
}

}  // namespace

void Attend(const AttentionProblem& problem, const KvPages& cache, const CodedKvPages* coded,
            size_t kv_head, size_t query_begin, size_t query_end) noexcept {
  HLWQ_DASSERT(query_begin <= query_end && query_end <= problem.queries);
  if (query_begin == query_end) return;
  const AttentionSpans spans = problem.SpansOf(query_begin, query_end);
  AttendAny(problem, cache, coded, kv_head, query_begin, query_end, {spans.first, spans.last});
}

void AttendSpan(const AttentionProblem& problem, const KvPages& cache, const CodedKvPages* coded,
                size_t kv_head, size_t span, float* parts) noexcept {
  AttendAny(problem, cache, coded, kv_head, 0, problem.queries, {span, span + 1, parts});
}

void MergeSpans(const AttentionProblem& problem, const float* parts, size_t head_dim, size_t query,
                size_t head) noexcept {
  const AttentionSpans spans = problem.SpansOf(0, problem.queries);
  const float* first =
      parts + problem.PartOf(query, head, spans.first) * (kAttentionPartFloats + head_dim);
  HWY_DYNAMIC_DISPATCH(MergeOn)
  (first, spans.count(), head_dim, problem.out + query * problem.out_stride + head * head_dim);
}

}  // namespace hlwq::kernels
#endif
