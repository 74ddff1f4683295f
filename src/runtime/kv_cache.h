// The keys and values of one sequence, in pages. Layers without attention have none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/attention.h"
#include "model/config.h"
#include "model/kv_view.h"
#include "tensor/dtype.h"

namespace hlwq::runtime {

struct KvCacheOptions {
  DType dtype = DType::kF16;  // F16, BF16 or F32
  size_t capacity = 4096;     // tokens; rounded up to whole pages
};

// All pages lie in one mapping that is reserved at the start and becomes resident page by page as
// tokens are stored: growing allocates nothing. One thread at a time, except Store and Attend.
class KvCache final : public model::KvView {
 public:
  static constexpr size_t kPageTokens = 64;

  // Throws Error{kInvalidArgument} when the dtype is none of the three, Error{kIo} when the system
  // has not the address space.
  KvCache(const model::ModelConfig& config, const KvCacheOptions& options);
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;
  ~KvCache() override;

  size_t length() const noexcept override { return length_; }
  size_t capacity() const noexcept override { return capacity_; }
  // Bytes that `tokens` tokens take.
  static uint64_t Bytes(const model::ModelConfig& config, const KvCacheOptions& options,
                        size_t tokens) noexcept;

  void Store(size_t layer, size_t position, std::span<const float> keys,
             std::span<const float> values) noexcept override;
  void Attend(size_t layer, const kernels::AttentionProblem& problem, size_t kv_head,
              size_t query_begin, size_t query_end) const noexcept override;

  // Counts `tokens` more, which a pass has stored.
  void Advance(size_t tokens) noexcept { length_ += tokens; }
  // Forgets all but the first `length` tokens; no effect when there are fewer.
  void Truncate(size_t length) noexcept;
  // Takes over what `other`, of the same model and options, holds.
  void CopyFrom(const KvCache& other) noexcept;

 private:
  std::vector<size_t> places_;  // of each layer of the model among those with attention
  size_t layers_ = 0;           // with attention
  size_t kv_heads_ = 0, head_dim_ = 0;
  DType dtype_ = DType::kF16;
  size_t capacity_ = 0, length_ = 0;
  size_t page_bytes_ = 0;  // of the keys, or of the values, of one layer
  std::byte* memory_ = nullptr;
  uint64_t memory_bytes_ = 0;
  std::vector<kernels::KvPage> pages_;  // [place, page]

  kernels::KvPages Layer(size_t layer) const noexcept;
};

}  // namespace hlwq::runtime
