// The keys and values of one sequence as a model sees them; runtime/kv_cache.h has one.
#pragma once

#include <cstddef>

#include "kernels/attention.h"

namespace hlwq::model {

class KvView {
 public:
  virtual ~KvView() = default;

  // Tokens whose keys and values are stored in every layer. The model stores those of the tokens it
  // is given from here on; who calls it adds them to the length afterwards.
  virtual size_t length() const noexcept = 0;
  // Tokens there is room for.
  virtual size_t capacity() const noexcept = 0;

  // Stores the rotated keys and the values, [tokens, kv_heads * head_dim], of consecutive tokens at
  // positions from `position` on, below capacity(). Thread: safe for distinct layers or positions.
  virtual void Store(size_t layer, size_t position, kernels::RowSpan<const float> keys,
                     kernels::RowSpan<const float> values) noexcept = 0;

  // Pages that `tokens` more tokens fill and that are to be coded: before any Attend for these tokens, after
  // all their Stores of the layer, once for each page and head.
  virtual size_t PagesToCode(size_t tokens) const noexcept = 0;
  // Codes keys and values of one head of the `page`-th of them. Thread: safe for distinct layers, pages or
  // heads.
  virtual void Code(size_t layer, size_t page, size_t kv_head) noexcept = 0;

  // kernels::Attend over the stored tokens of `layer`.
  virtual void Attend(size_t layer, const kernels::AttentionProblem& problem, size_t kv_head,
                      size_t query_begin, size_t query_end) const noexcept = 0;
  // kernels::AttendSpan over them.
  virtual void AttendSpan(size_t layer, const kernels::AttentionProblem& problem, size_t kv_head,
                          size_t span, float* parts) const noexcept = 0;
};

}  // namespace hlwq::model
