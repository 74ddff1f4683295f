#include "runtime/kv_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace hlwq::runtime {

KvCache::KvCache(KvPagePool& pool, size_t capacity)
    : pool_(pool), capacity_(KvLayout::Pages(capacity) * KvLayout::kPageTokens) {
  pool_.Prepare(KvLayout::Pages(capacity_));
  pages_.reserve(KvLayout::Pages(capacity_));
  places_.reserve(KvLayout::Pages(capacity_));
}

KvCache::KvCache(KvCache&& other) noexcept
    : pool_(other.pool_),
      capacity_(other.capacity_),
      length_(std::exchange(other.length_, 0)),
      pages_(std::exchange(other.pages_, {})),
      places_(std::exchange(other.places_, {})) {}

KvCache::~KvCache() {
  for (const PageId page : pages_) pool_.Drop(page);
}

bool KvCache::writes_shared() const noexcept {
  return length_ % KvLayout::kPageTokens != 0 &&
         pool_.is_shared(pages_[length_ / KvLayout::kPageTokens]);
}

void KvCache::Prepare(size_t tokens) {
  HLWQ_DASSERT(tokens <= capacity_ - length_);
  if (tokens == 0) return;
  if (writes_shared()) {
    const size_t page = length_ / KvLayout::kPageTokens;
    const PageId own = pool_.Take();
    std::copy_n(places_[page], pool_.layout().page_bytes(), pool_.At(own));
    pool_.Drop(std::exchange(pages_[page], own));
    places_[page] = pool_.At(own);
  }
  // What a failure leaves here is taken next time.
  while (pages_.size() < KvLayout::Pages(length_ + tokens)) {
    pages_.push_back(pool_.Take());
    places_.push_back(pool_.At(pages_.back()));
  }
}

void KvCache::Store(size_t layer, size_t position, kernels::RowSpan<const float> keys,
                    kernels::RowSpan<const float> values) noexcept {
  kernels::StoreKv(pool_.layout().Layer(layer, places_), position, keys, values);
}

void KvCache::Attend(size_t layer, const kernels::AttentionProblem& problem, size_t kv_head,
                     size_t query_begin, size_t query_end) const noexcept {
  kernels::Attend(problem, pool_.layout().Layer(layer, places_), kv_head, query_begin, query_end);
}

void KvCache::Truncate(size_t length) noexcept {
  length_ = std::min(length_, length);
  while (pages_.size() > KvLayout::Pages(length_)) {
    pool_.Drop(pages_.back());
    pages_.pop_back();
    places_.pop_back();
  }
}

void KvCache::ForkFrom(const KvCache& other) {
  HLWQ_DASSERT(&pool_ == &other.pool_);
  if (&other == this) return;
  if (other.length_ > capacity_) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("want room for {} tokens, got {}", other.length_, capacity_));
  }
  for (size_t page = 0; page < KvLayout::Pages(other.length_); ++page) {
    pool_.Share(other.pages_[page]);
  }
  Truncate(0);
  length_ = other.length_;
  pages_.assign(other.pages_.begin(),
                other.pages_.begin() + static_cast<ptrdiff_t>(KvLayout::Pages(length_)));
  places_.assign(other.places_.begin(),
                 other.places_.begin() + static_cast<ptrdiff_t>(pages_.size()));
}

}  // namespace hlwq::runtime
