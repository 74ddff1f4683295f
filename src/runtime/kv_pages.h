// Pages for the keys and values of all sequences of an engine, counted by reference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/config.h"
#include "runtime/kv_layout.h"

namespace hlwq::runtime {

using PageId = uint32_t;

struct KvPoolOptions {
  uint64_t most_bytes = 0;     // of pages in use, of both kinds; 0: as many as the machine has
  bool poisons_freed = false;  // for tests: a page given back becomes NaN at once
};

// Pages of one size. A page belongs to as many sequences as hold a reference; the last one to drop its own
// gives the page back for others. Memory becomes resident when it is first written, stays so, and is used
// again, the page given back last first. One thread at a time.
class KvPagePool {
 public:
  // `bytes_in_use` counts the pages of all pools that share the limit, and outlives them.
  KvPagePool(size_t page_bytes, const KvPoolOptions& options, uint64_t& bytes_in_use);
  KvPagePool(const KvPagePool&) = delete;
  KvPagePool& operator=(const KvPagePool&) = delete;
  ~KvPagePool();

  size_t page_bytes() const noexcept { return page_bytes_; }
  // Makes sure that Take allocates nothing until `pages` more are in use than now, within the limit.
  // Throws Error{kIo} when the system has not the address space.
  void Prepare(size_t pages);
  // A page that nobody else has, with one reference and any content. Throws Error{kIo} when the limit is
  // reached or the system refuses.
  PageId Take();
  void Share(PageId page) noexcept { ++references_[page]; }
  void Drop(PageId page) noexcept;
  bool is_shared(PageId page) const noexcept { return references_[page] > 1; }
  std::byte* At(PageId page) const noexcept { return places_[page]; }

  size_t pages_in_use() const noexcept { return places_.size() - free_.size(); }
  // Of all that were ever in use at the same time: what is resident.
  uint64_t written_bytes() const noexcept { return uint64_t{most_in_use_} * page_bytes_; }
  // That Take could give now; the largest number there is where nothing limits them.
  size_t pages_left() const noexcept;

 private:
  size_t page_bytes_;
  KvPoolOptions options_;
  uint64_t& bytes_in_use_;
  size_t most_in_use_ = 0;                    // so far
  std::vector<std::span<std::byte>> blocks_;  // mappings
  std::vector<std::byte*> places_;            // of each page
  std::vector<uint32_t> references_;          // of each page
  std::vector<PageId> free_;                  // the last one is taken next

  void MapBlock(size_t pages);
};

// The pages of an engine: of floats, and coded ones where the format has them. One thread at a time.
class KvPools {
 public:
  // Throws as KvLayout.
  KvPools(const model::ModelConfig& config, const KvFormat& format,
          const KvPoolOptions& options = {});

  const KvLayout& layout() const noexcept { return layout_; }
  KvPagePool& floats() noexcept { return floats_; }
  KvPagePool& coded() noexcept { return coded_; }
  uint64_t bytes_in_use() const noexcept { return bytes_in_use_; }
  // What is resident.
  uint64_t written_bytes() const noexcept {
    return floats_.written_bytes() + coded_.written_bytes();
  }

 private:
  KvLayout layout_;
  uint64_t bytes_in_use_ = 0;
  KvPagePool floats_, coded_;
};

}  // namespace hlwq::runtime
