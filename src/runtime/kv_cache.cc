#include "runtime/kv_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "kernels/encode_kv.h"

namespace hlwq::runtime {
namespace {

constexpr size_t kPage = KvLayout::kPageTokens;
// Pages of floats that a long coded sequence has at once, passes of usual size included.
constexpr size_t kFloatPages = 16;

}  // namespace

void KvCache::Chain::Put(size_t index, std::optional<PageId> page, const KvPagePool& pool) {
  if (index == pages.size()) {
    pages.emplace_back();
    places.emplace_back();
  }
  pages[index] = page;
  places[index] = page ? pool.At(*page) : nullptr;
}

void KvCache::Chain::Drop(size_t index, KvPagePool& pool) noexcept {
  if (pages[index]) pool.Drop(*pages[index]);
  pages[index].reset();
  places[index] = nullptr;
}

void KvCache::Chain::Cut(size_t count, KvPagePool& pool) noexcept {
  while (pages.size() > count) {
    Drop(pages.size() - 1, pool);
    pages.pop_back();
    places.pop_back();
  }
}

void KvCache::Chain::ShareFrom(const Chain& other, size_t count, KvPagePool& pool) {
  for (size_t page = 0; page < count; ++page) {
    if (other.pages[page]) pool.Share(*other.pages[page]);
  }
  Cut(0, pool);
  pages.assign(other.pages.begin(), other.pages.begin() + static_cast<ptrdiff_t>(count));
  places.assign(other.places.begin(), other.places.begin() + static_cast<ptrdiff_t>(count));
}

KvCache::KvCache(KvPools& pools, size_t capacity)
    : pools_(pools), capacity_(KvLayout::Pages(capacity) * kPage) {
  const size_t pages = KvLayout::Pages(capacity_);
  const bool is_coded = pools.layout().is_coded();
  pools_.floats().Prepare(is_coded ? std::min(pages, kFloatPages) : pages);
  if (is_coded) pools_.coded().Prepare(pages);
  for (Chain* chain : {&floats_, &coded_}) {
    chain->pages.reserve(pages);
    chain->places.reserve(pages);
  }
}

KvCache::KvCache(KvCache&& other) noexcept
    : pools_(other.pools_),
      capacity_(other.capacity_),
      length_(std::exchange(other.length_, 0)),
      floats_(std::exchange(other.floats_, {})),
      coded_(std::exchange(other.coded_, {})),
      first_page_(std::exchange(other.first_page_, 0)) {}

KvCache::~KvCache() {
  floats_.Cut(0, pools_.floats());
  coded_.Cut(0, pools_.coded());
}

bool KvCache::writes_shared() const noexcept {
  return length_ % kPage != 0 && pools_.floats().is_shared(*floats_.pages[full_pages()]);
}

void KvCache::Prepare(size_t tokens) {
  HLWQ_DASSERT(tokens <= capacity_ - length_);
  if (tokens == 0) return;
  KvPagePool& pool = pools_.floats();
  if (writes_shared()) {
    const size_t page = full_pages();
    const PageId own = pool.Take();
    std::copy_n(floats_.places[page], pool.page_bytes(), pool.At(own));
    floats_.Drop(page, pool);
    floats_.Put(page, own, pool);
  }
  // What a failure leaves here is taken next time.
  while (floats_.pages.size() < KvLayout::Pages(length_ + tokens)) {
    floats_.Put(floats_.pages.size(), pool.Take(), pool);
  }
  if (!pools_.layout().is_coded()) return;
  while (coded_.pages.size() < (length_ + tokens) / kPage) {
    const size_t index = coded_.pages.size();
    const bool stays_float = index < KvLayout::kFirstCodedPage;
    coded_.Put(index, stays_float ? std::nullopt : std::optional(pools_.coded().Take()),
               pools_.coded());
  }
}

void KvCache::Store(size_t layer, size_t position, kernels::RowSpan<const float> keys,
                    kernels::RowSpan<const float> values) noexcept {
  kernels::StoreKv(pools_.layout().Layer(layer, floats_.places), position, keys, values);
}

size_t KvCache::PagesToCode(size_t tokens) const noexcept {
  if (!pools_.layout().is_coded()) return 0;
  const size_t first = std::max(full_pages(), KvLayout::kFirstCodedPage);
  const size_t end = (length_ + tokens) / kPage;
  return end - std::min(first, end);
}

void KvCache::Code(size_t layer, size_t page, size_t kv_head) noexcept {
  const size_t index = std::max(full_pages(), KvLayout::kFirstCodedPage) + page;
  const kernels::KvPages floats = pools_.layout().Layer(layer, floats_.places);
  const kernels::CodedKvPages coded = pools_.layout().CodedLayer(layer, coded_.places);
  const size_t skipped = kv_head * floats.page_bytes() / floats.kv_heads;
  kernels::EncodeKvTile(coded.keys, floats.keys(index) + skipped, coded.key_tile(index, kv_head));
  kernels::EncodeKvTile(coded.values, floats.values(index) + skipped,
                        coded.value_tile(index, kv_head));
}

KvCache::LayerPages KvCache::PagesOf(size_t layer) const noexcept {
  const KvLayout& layout = pools_.layout();
  LayerPages pages = {layout.Layer(layer, floats_.places), std::nullopt};
  if (layout.is_coded()) pages.coded = layout.CodedLayer(layer, coded_.places);
  return pages;
}

void KvCache::Attend(size_t layer, const kernels::AttentionProblem& problem, size_t kv_head,
                     size_t query_begin, size_t query_end) const noexcept {
  const LayerPages pages = PagesOf(layer);
  kernels::Attend(problem, pages.floats, pages.coded ? &*pages.coded : nullptr, kv_head,
                  query_begin, query_end);
}

void KvCache::AttendSpan(size_t layer, const kernels::AttentionProblem& problem, size_t kv_head,
                         size_t span, float* parts) const noexcept {
  const LayerPages pages = PagesOf(layer);
  kernels::AttendSpan(problem, pages.floats, pages.coded ? &*pages.coded : nullptr, kv_head, span,
                      parts);
}

void KvCache::DropUnseen() noexcept {
  for (; first_page_ < pools_.layout().FirstKeptPage(length_); ++first_page_) {
    floats_.Drop(first_page_, pools_.floats());
    if (pools_.layout().is_coded()) coded_.Drop(first_page_, pools_.coded());
  }
}

void KvCache::Advance(size_t tokens) noexcept {
  const size_t before = full_pages();
  length_ += tokens;
  DropUnseen();
  if (!pools_.layout().is_coded() || full_pages() == before) return;
  // The last full one stays, for Truncate by a few tokens.
  const size_t first = std::max(KvLayout::kFirstCodedPage, before - std::min<size_t>(before, 1));
  for (size_t page = first; page + 1 < full_pages(); ++page) floats_.Drop(page, pools_.floats());
}

bool KvCache::ShowsAll(size_t length) const noexcept {
  return length == 0 || pools_.layout().FirstSeenPage(length) >= first_page_;
}

size_t KvCache::LengthAfterTruncate(size_t length) const noexcept {
  if (length >= length_) return length_;
  const size_t page = length / kPage;
  const size_t kept = length % kPage == 0 || floats_.pages[page] ? length : page * kPage;
  return ShowsAll(kept) ? kept : 0;
}

void KvCache::Truncate(size_t length, std::optional<PageId> tail) noexcept {
  HLWQ_DASSERT(!tail || (length <= length_ && length % kPage != 0 && ShowsAll(length)));
  length_ = tail ? length : LengthAfterTruncate(length);
  floats_.Cut(KvLayout::Pages(length_), pools_.floats());
  coded_.Cut(pools_.layout().is_coded() ? full_pages() : 0, pools_.coded());
  if (length_ == 0) first_page_ = 0;
  if (tail) {
    floats_.Drop(full_pages(), pools_.floats());
    floats_.Put(full_pages(), tail, pools_.floats());
  }
}

std::optional<PageId> KvCache::ShareTail() const noexcept {
  if (!pools_.layout().is_coded() || length_ % kPage == 0) return std::nullopt;
  const std::optional<PageId> page = floats_.pages[full_pages()];
  pools_.floats().Share(*page);
  return page;
}

void KvCache::ForkFrom(const KvCache& other) {
  HLWQ_DASSERT(&pools_ == &other.pools_);
  if (&other == this) return;
  if (other.length_ > capacity_) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("want room for {} tokens, got {}", other.length_, capacity_));
  }
  length_ = other.length_;
  first_page_ = other.first_page_;
  floats_.ShareFrom(other.floats_, KvLayout::Pages(length_), pools_.floats());
  coded_.ShareFrom(other.coded_, pools_.layout().is_coded() ? full_pages() : 0, pools_.coded());
}

std::span<const std::byte> KvCache::PageBytes(KvPageKind kind, size_t page) const noexcept {
  const bool is_floats = kind == KvPageKind::kFloats;
  const Chain& chain = is_floats ? floats_ : coded_;
  if (page >= chain.places.size() || chain.places[page] == nullptr) return {};
  return {chain.places[page], (is_floats ? pools_.floats() : pools_.coded()).page_bytes()};
}

std::span<std::byte> KvCache::TakePage(KvPageKind kind, size_t page) {
  const bool is_floats = kind == KvPageKind::kFloats;
  Chain& chain = is_floats ? floats_ : coded_;
  KvPagePool& pool = is_floats ? pools_.floats() : pools_.coded();
  HLWQ_DASSERT(length_ == 0 && page >= chain.pages.size() && page < capacity_ / kPage);
  while (chain.pages.size() < page) chain.Put(chain.pages.size(), std::nullopt, pool);
  chain.Put(page, pool.Take(), pool);
  return {chain.places[page], pool.page_bytes()};
}

void KvCache::Adopt(size_t length) {
  HLWQ_DASSERT(length <= capacity_);
  length_ = length;
  const auto fill = [](Chain& chain, size_t pages, const KvPagePool& pool) {
    while (chain.pages.size() < pages) chain.Put(chain.pages.size(), std::nullopt, pool);
  };
  fill(floats_, KvLayout::Pages(length_), pools_.floats());
  if (pools_.layout().is_coded()) fill(coded_, full_pages(), pools_.coded());
  const auto is_there = [&](size_t page) {
    return floats_.pages[page] || (page < coded_.pages.size() && coded_.pages[page]);
  };
  first_page_ = pools_.layout().FirstSeenPage(length_);
  while (first_page_ > 0 && is_there(first_page_ - 1)) --first_page_;
}

}  // namespace hlwq::runtime
