// The keys and values of one sequence as a model sees them; runtime/kv_cache.h has one.
#pragma once

#include <cstddef>
#include <span>

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

  // Stores one token's rotated keys and its values, [kv_head, head_dim] each, at a position below
  // capacity(). Thread: safe for distinct layers or positions.
  virtual void Store(size_t layer, size_t position, std::span<const float> keys,
                     std::span<const float> values) noexcept = 0;

  // kernels::Attend over the stored tokens of `layer`.
  virtual void Attend(size_t layer, const kernels::AttentionProblem& problem, size_t kv_head,
                      size_t query_begin, size_t query_end) const noexcept = 0;
};

}  // namespace hlwq::model
