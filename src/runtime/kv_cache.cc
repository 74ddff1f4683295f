#include "runtime/kv_cache.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/file.h"

namespace hlwq::runtime {
namespace {

// Pages of keys begin at whole cache lines.
size_t PageBytes(const model::ModelConfig& config, DType dtype) noexcept {
  const size_t bytes = config.sizes.kv_heads * config.sizes.head_dim * KvCache::kPageTokens *
                       BitsPerElement(dtype) / 8;
  return (bytes + 63) / 64 * 64;
}

size_t Pages(size_t tokens) noexcept {
  return (tokens + KvCache::kPageTokens - 1) / KvCache::kPageTokens;
}

size_t AttentionLayers(const model::ModelConfig& config) noexcept {
  return static_cast<size_t>(
      std::ranges::count(config.sizes.layers, true, &checkpoint::LayerKind::has_full_attention));
}

}  // namespace

uint64_t KvCache::Bytes(const model::ModelConfig& config, const KvCacheOptions& options,
                        size_t tokens) noexcept {
  return uint64_t{2} * AttentionLayers(config) * Pages(tokens) * PageBytes(config, options.dtype);
}

KvCache::KvCache(const model::ModelConfig& config, const KvCacheOptions& options)
    : layers_(AttentionLayers(config)),
      kv_heads_(config.sizes.kv_heads),
      head_dim_(config.sizes.head_dim),
      dtype_(options.dtype),
      capacity_(Pages(options.capacity) * kPageTokens),
      page_bytes_(PageBytes(config, options.dtype)),
      memory_bytes_(Bytes(config, options, options.capacity)),
      pages_(layers_ * Pages(options.capacity)) {
  if (!IsWeightFloat(dtype_)) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("cache: want F16, BF16 or F32, got {}", DTypeName(dtype_)));
  }
  size_t place = 0;
  for (const checkpoint::LayerKind kind : config.sizes.layers) {
    places_.push_back(place);
    if (kind.has_full_attention) ++place;
  }
  if (memory_bytes_ == 0) return;
  void* memory = mmap(nullptr, memory_bytes_, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    throw Error(ErrorCode::kIo, fmt::format("cache of {} tokens: cannot reserve {} bytes: {}",
                                            capacity_, memory_bytes_, SystemReason(errno)));
  }
  memory_ = static_cast<std::byte*>(memory);
  // The layers of a page lie together, so that a short sequence touches little.
  for (place = 0; place < layers_; ++place) {
    for (size_t page = 0; page < pages_.size() / layers_; ++page) {
      std::byte* keys = memory_ + (page * layers_ + place) * 2 * page_bytes_;
      pages_[place * (pages_.size() / layers_) + page] = {keys, keys + page_bytes_};
    }
  }
}

KvCache::~KvCache() {
  if (memory_ != nullptr) munmap(memory_, memory_bytes_);
}

kernels::KvPages KvCache::Layer(size_t layer) const noexcept {
  const size_t count = pages_.size() / layers_;
  return {.dtype = dtype_,
          .page_tokens = kPageTokens,
          .kv_heads = kv_heads_,
          .head_dim = head_dim_,
          .pages = std::span(pages_).subspan(places_[layer] * count, count)};
}

void KvCache::Store(size_t layer, size_t position, std::span<const float> keys,
                    std::span<const float> values) noexcept {
  kernels::StoreKv(Layer(layer), position, keys, values);
}

void KvCache::Attend(size_t layer, const kernels::AttentionProblem& problem, size_t kv_head,
                     size_t query_begin, size_t query_end) const noexcept {
  kernels::Attend(problem, Layer(layer), kv_head, query_begin, query_end);
}

void KvCache::Truncate(size_t length) noexcept { length_ = std::min(length_, length); }

void KvCache::CopyFrom(const KvCache& other) noexcept {
  HLWQ_DASSERT(page_bytes_ == other.page_bytes_ && layers_ == other.layers_);
  HLWQ_DASSERT(other.length_ <= capacity_);
  const uint64_t bytes = uint64_t{2} * layers_ * Pages(other.length_) * page_bytes_;
  if (bytes != 0) std::memcpy(memory_, other.memory_, bytes);
  length_ = other.length_;
}

}  // namespace hlwq::runtime
