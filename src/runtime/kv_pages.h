// Pages for the keys and values of all sequences of an engine, counted by reference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/attention.h"
#include "model/config.h"
#include "tensor/dtype.h"

namespace hlwq::runtime {

// Where keys and values lie in a page: for each layer with attention, its keys and then its values,
// so that a short sequence touches little memory.
class KvLayout {
 public:
  static constexpr size_t kPageTokens = 64;

  // Throws Error{kInvalidArgument} when the dtype is none of F16, BF16 and F32.
  KvLayout(const model::ModelConfig& config, DType dtype);

  DType dtype() const noexcept { return dtype_; }
  size_t page_bytes() const noexcept { return 2 * layers_ * part_bytes_; }
  // Of the pages that hold `tokens` tokens.
  static size_t Pages(size_t tokens) noexcept { return (tokens + kPageTokens - 1) / kPageTokens; }
  uint64_t Bytes(size_t tokens) const noexcept { return uint64_t{Pages(tokens)} * page_bytes(); }
  // One layer of the model, which has attention, in these pages.
  kernels::KvPages Layer(size_t layer, std::span<std::byte* const> pages) const noexcept;

 private:
  std::vector<size_t> places_;  // of each layer of the model among those with attention
  size_t layers_ = 0;           // with attention
  size_t kv_heads_ = 0, head_dim_ = 0;
  DType dtype_ = DType::kF16;
  size_t part_bytes_ = 0;  // keys or values of one layer, in whole cache lines
};

using PageId = uint32_t;

struct KvPoolOptions {
  uint64_t most_bytes = 0;     // of pages in use; 0: as many as the machine has
  bool poisons_freed = false;  // for tests: a page given back becomes NaN at once
};

// A page belongs to as many sequences as hold a reference; the last one to drop its own gives the page
// back for others. Memory becomes resident when it is first written, stays so, and is used again, the
// page given back last first. One thread at a time.
class KvPagePool {
 public:
  // Throws as KvLayout.
  KvPagePool(const model::ModelConfig& config, DType dtype, const KvPoolOptions& options = {});
  KvPagePool(const KvPagePool&) = delete;
  KvPagePool& operator=(const KvPagePool&) = delete;
  ~KvPagePool();

  const KvLayout& layout() const noexcept { return layout_; }
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
  // That Take could give now; the largest number there is where nothing limits them.
  size_t pages_left() const noexcept;

 private:
  KvLayout layout_;
  KvPoolOptions options_;
  size_t most_pages_ = 0;
  std::vector<std::span<std::byte>> blocks_;  // mappings
  std::vector<std::byte*> places_;            // of each page
  std::vector<uint32_t> references_;          // of each page
  std::vector<PageId> free_;                  // the last one is taken next

  void MapBlock(size_t pages);
};

}  // namespace hlwq::runtime
