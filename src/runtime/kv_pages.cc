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

KvPagePool::KvPagePool(size_t page_bytes, const KvPoolOptions& options, uint64_t& bytes_in_use)
    : page_bytes_(page_bytes), options_(options), bytes_in_use_(bytes_in_use) {}

KvPagePool::~KvPagePool() {
  for (const std::span<std::byte> block : blocks_) munmap(block.data(), block.size());
}

void KvPagePool::Prepare(size_t pages) {
  const size_t wanted = std::min(pages, pages_left()) + pages_in_use();
  if (wanted > places_.size()) MapBlock(wanted - places_.size());
}

void KvPagePool::MapBlock(size_t pages) {
  std::byte* block = nullptr;
  if (const size_t bytes = pages * page_bytes_; bytes > 0) {  // else no layer has attention
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
    places_[first + page] = block + page * page_bytes_;
    free_.push_back(static_cast<PageId>(first + page));
  }
  std::rotate(free_.begin(), free_.end() - static_cast<ptrdiff_t>(pages), free_.end());
}

size_t KvPagePool::pages_left() const noexcept {
  constexpr size_t kMostPages = std::numeric_limits<PageId>::max();
  if (options_.most_bytes == 0) return kMostPages - pages_in_use();
  const uint64_t left = options_.most_bytes - std::min(options_.most_bytes, bytes_in_use_);
  return std::min<uint64_t>(left / std::max<size_t>(page_bytes_, 1), kMostPages - pages_in_use());
}

PageId KvPagePool::Take() {
  if (pages_left() == 0) {
    throw Error(ErrorCode::kIo,
                fmt::format("keys and values: {} of the {} that are allowed are in use",
                            FormatBytes(bytes_in_use_), FormatBytes(options_.most_bytes)));
  }
  if (free_.empty()) MapBlock(kBlockPages);
  const PageId page = free_.back();
  free_.pop_back();
  references_[page] = 1;
  bytes_in_use_ += page_bytes_;
  most_in_use_ = std::max(most_in_use_, pages_in_use());
  return page;
}

void KvPagePool::Drop(PageId page) noexcept {
  HLWQ_DASSERT(references_[page] > 0);
  if (--references_[page] > 0) return;
  bytes_in_use_ -= page_bytes_;
  if (options_.poisons_freed && page_bytes_ > 0) {
    std::memset(places_[page], 0xFF, page_bytes_);
  }
  free_.push_back(page);  // reserved for all pages
}

KvPools::KvPools(const model::ModelConfig& config, const KvFormat& format,
                 const KvPoolOptions& options)
    : layout_(config, format),
      floats_(layout_.page_bytes(), options, bytes_in_use_),
      coded_(layout_.coded_page_bytes(), options, bytes_in_use_) {}

}  // namespace hlwq::runtime
