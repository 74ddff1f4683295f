#include "runtime/kv_pages.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "base/number_text.h"

namespace hlwq::runtime {
namespace {

// Of address space taken where nobody prepared for more pages.
constexpr size_t kBlockPages = 64;

}  // namespace

KvLayout::KvLayout(const model::ModelConfig& config, DType dtype)
    : kv_heads_(config.sizes.kv_heads), head_dim_(config.sizes.head_dim), dtype_(dtype) {
  if (!IsWeightFloat(dtype)) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("cache: want F16, BF16 or F32, got {}", DTypeName(dtype)));
  }
  for (const checkpoint::LayerKind kind : config.sizes.layers) {
    places_.push_back(layers_);
    if (kind.has_attention()) ++layers_;
  }
  const size_t bytes = kv_heads_ * head_dim_ * kPageTokens * BitsPerElement(dtype) / 8;
  part_bytes_ = (bytes + 63) / 64 * 64;
}

kernels::KvPages KvLayout::Layer(size_t layer, std::span<std::byte* const> pages) const noexcept {
  const size_t keys = 2 * places_[layer] * part_bytes_;
  return {.dtype = dtype_,
          .page_tokens = kPageTokens,
          .kv_heads = kv_heads_,
          .head_dim = head_dim_,
          .pages = pages,
          .keys_offset = keys,
          .values_offset = keys + part_bytes_};
}

KvPagePool::KvPagePool(const model::ModelConfig& config, DType dtype, const KvPoolOptions& options)
    : layout_(config, dtype), options_(options) {
  const size_t page_bytes = std::max<size_t>(layout_.page_bytes(), 1);
  most_pages_ = options.most_bytes == 0 ? std::numeric_limits<PageId>::max()
                                        : options.most_bytes / page_bytes;
}

KvPagePool::~KvPagePool() {
  for (const std::span<std::byte> block : blocks_) munmap(block.data(), block.size());
}

void KvPagePool::Prepare(size_t pages) {
  const size_t wanted = std::min(pages, pages_left()) + pages_in_use();
  if (wanted > places_.size()) MapBlock(wanted - places_.size());
}

void KvPagePool::MapBlock(size_t pages) {
  std::byte* block = nullptr;
  if (const size_t bytes = pages * layout_.page_bytes();
      bytes > 0) {  // else no layer has attention
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
      throw Error(ErrorCode::kIo, fmt::format("keys and values of {} tokens: cannot reserve {}: {}",
                                              pages * KvLayout::kPageTokens, FormatBytes(bytes),
                                              SystemReason(errno)));
    }
    block = static_cast<std::byte*>(memory);
    blocks_.emplace_back(block, bytes);
  }
  const size_t first = places_.size();
  places_.resize(first + pages);
  references_.resize(first + pages);
  free_.reserve(first + pages);
  // Taken in ascending order, but what was given back before is taken first.
  for (size_t page = pages; page-- > 0;) {
    places_[first + page] = block + page * layout_.page_bytes();
    free_.push_back(static_cast<PageId>(first + page));
  }
  std::rotate(free_.begin(), free_.end() - static_cast<ptrdiff_t>(pages), free_.end());
}

size_t KvPagePool::pages_left() const noexcept {
  return most_pages_ - std::min(most_pages_, pages_in_use());
}

PageId KvPagePool::Take() {
  if (pages_left() == 0) {
    throw Error(
        ErrorCode::kIo,
        fmt::format("keys and values: all {} that are allowed are in use, {} tokens",
                    FormatBytes(options_.most_bytes), pages_in_use() * KvLayout::kPageTokens));
  }
  if (free_.empty()) MapBlock(kBlockPages);
  const PageId page = free_.back();
  free_.pop_back();
  references_[page] = 1;
  return page;
}

void KvPagePool::Drop(PageId page) noexcept {
  HLWQ_DASSERT(references_[page] > 0);
  if (--references_[page] > 0) return;
  if (options_.poisons_freed && layout_.page_bytes() > 0) {
    std::memset(places_[page], 0xFF, layout_.page_bytes());
  }
  free_.push_back(page);  // reserved for all pages
}

}  // namespace hlwq::runtime
