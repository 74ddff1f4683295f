// The keys and values of one sequence: a chain of pages of a pool.
#pragma once

#include <cstddef>
#include <vector>

#include "model/kv_view.h"
#include "runtime/kv_pages.h"

namespace hlwq::runtime {

struct KvCacheOptions {
  DType dtype = DType::kF16;  // F16, BF16 or F32
  size_t capacity = 4096;     // tokens; rounded up to whole pages
};

// Chains may share pages: one that writes to a shared page gets a copy first. Borrows the pool, which
// outlives it. One thread at a time with all that use the pool, except Store and Attend.
class KvCache final : public model::KvView {
 public:
  // Has the pool prepared for all its pages. Throws as KvPagePool::Prepare.
  KvCache(KvPagePool& pool, size_t capacity);
  KvCache(KvCache&& other) noexcept;
  KvCache& operator=(KvCache&& other) = delete;
  ~KvCache() override;

  size_t length() const noexcept override { return length_; }
  size_t capacity() const noexcept override { return capacity_; }

  // Takes the pages for the next `tokens` tokens, which there is room for, and makes the one that the
  // first of them is written to its own. Throws as KvPagePool::Take: the tokens it holds stay.
  void Prepare(size_t tokens);

  void Store(size_t layer, size_t position, kernels::RowSpan<const float> keys,
             kernels::RowSpan<const float> values) noexcept override;
  void Attend(size_t layer, const kernels::AttentionProblem& problem, size_t kv_head,
              size_t query_begin, size_t query_end) const noexcept override;

  // Counts `tokens` more, which a pass has stored.
  void Advance(size_t tokens) noexcept { length_ += tokens; }
  // Forgets all but the first `length` tokens and gives back their pages; no effect when there are
  // fewer.
  void Truncate(size_t length) noexcept;
  // Holds what `other`, of the same pool, holds: shares its pages. Throws Error{kInvalidArgument} when
  // it has no room.
  void ForkFrom(const KvCache& other);

 private:
  KvPagePool& pool_;
  size_t capacity_ = 0, length_ = 0;
  std::vector<PageId> pages_;       // reserved for all
  std::vector<std::byte*> places_;  // of pages_

  // Whether the next token goes into a page that others hold too.
  bool writes_shared() const noexcept;
};

}  // namespace hlwq::runtime
