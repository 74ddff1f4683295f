// The keys and values of one sequence: a chain of pages of a pool.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "model/kv_view.h"
#include "runtime/kv_pages.h"

namespace hlwq::runtime {

struct KvCacheOptions {
  KvFormat format;         // F16 where nothing is said
  size_t capacity = 4096;  // tokens; rounded up to whole pages
};

// Chains may share pages: one that writes to a shared page gets a copy first. Where the format is coded, a
// page is coded as it fills, and its floats go one page later: what a token sees depends on its position
// alone, however the tokens came. Where all layers see a window, pages that no later token can see go too.
// Borrows the pools, which outlive it. One thread at a time with all that use the pools, except Store, Code
// and Attend.
class KvCache final : public model::KvView {
 public:
  // Has the pools prepared for all its pages. Throws as KvPagePool::Prepare.
  KvCache(KvPools& pools, size_t capacity);
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
  size_t PagesToCode(size_t tokens) const noexcept override;
  void Code(size_t layer, size_t page, size_t kv_head) noexcept override;
  void Attend(size_t layer, const kernels::AttentionProblem& problem, size_t kv_head,
              size_t query_begin, size_t query_end) const noexcept override;
  void AttendSpan(size_t layer, const kernels::AttentionProblem& problem, size_t kv_head,
                  size_t span, float* parts) const noexcept override;

  // Counts `tokens` more, which a pass has stored and coded.
  void Advance(size_t tokens) noexcept;
  // Forgets all but the first `length` tokens and gives back their pages; no effect when there are
  // fewer. Where the floats of the last page are gone, as many go as are not in whole pages before it, and
  // all where a window would show pages that are gone. With `tail`, a reference that ShareTail gave when it
  // had this length, the floats of the last page are there again: the cache takes it over.
  // @pre !tail || ShowsAll(length)
  void Truncate(size_t length, std::optional<PageId> tail = std::nullopt) noexcept;
  // What length() would be after Truncate(length).
  size_t LengthAfterTruncate(size_t length) const noexcept;
  // Whether the pages are there that tokens from position `length` on see, up to length().
  bool ShowsAll(size_t length) const noexcept;
  // A reference to the floats of the newest page; none where it is full or the cache is not coded.
  std::optional<PageId> ShareTail() const noexcept;
  // Holds what `other`, of the same pools, holds: shares its pages. Throws Error{kInvalidArgument} when
  // it has no room.
  void ForkFrom(const KvCache& other);

  // The bytes of a page; empty where it is not there.
  std::span<const std::byte> PageBytes(KvPageKind kind, size_t page) const noexcept;
  // Of a cache that holds nothing: a page of its own at this place, whose bytes the caller fills. Those of a kind
  // come in ascending order; what is passed over is not there. Throws as KvPagePool::Take.
  std::span<std::byte> TakePage(KvPageKind kind, size_t page);
  // Holds `length` tokens from now on, in the pages that TakePage gave.
  // @pre all that KvLayout::UseOf calls needed were taken, and none of no use
  void Adopt(size_t length);

 private:
  // Pages in the order of positions. Some may not be there: those of floats that were coded, and the first
  // ones, which never are.
  struct Chain {
    std::vector<std::optional<PageId>> pages;  // reserved for all
    std::vector<std::byte*> places;            // of pages; null where there is none

    void Put(size_t index, std::optional<PageId> page, const KvPagePool& pool);
    void Cut(size_t count, KvPagePool& pool) noexcept;
    void Drop(size_t index, KvPagePool& pool) noexcept;
    // Shares the first `count` pages of another, and drops its own.
    void ShareFrom(const Chain& other, size_t count, KvPagePool& pool);
  };

  struct LayerPages {
    kernels::KvPages floats;
    std::optional<kernels::CodedKvPages> coded;
  };

  KvPools& pools_;
  size_t capacity_ = 0, length_ = 0;
  Chain floats_, coded_;
  size_t first_page_ = 0;  // those before are not there, as no later token sees them

  LayerPages PagesOf(size_t layer) const noexcept;
  // Pages that no later token sees.
  void DropUnseen() noexcept;
  size_t full_pages() const noexcept { return length_ / KvLayout::kPageTokens; }
  // Whether the next token goes into a page that others hold too.
  bool writes_shared() const noexcept;
};

}  // namespace hlwq::runtime
