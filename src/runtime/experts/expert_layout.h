// Where each expert of a model lies in the files, and where in the memory of a slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/function_ref.h"
#include "checkpoint/checkpoint.h"
#include "io/direct_reader.h"
#include "model/expert_source.h"
#include "runtime/experts/eviction.h"

namespace hlwq::runtime {

// The bytes of an expert that lie near each other in one file are read in one go, what is between
// them included. Immutable; safe from any thread.
class ExpertLayout {
 public:
  // Farther apart, two reads cost less than the bytes between them: some 30 us of a fast device.
  static constexpr uint64_t kMaxGapBytes = uint64_t{64} << 10;

  // Borrows [layer][expert], without experts in layers that have none; `range_of` says where in the
  // files a stretch of bytes of theirs lies. Throws Error{kUnsupported} for bytes that are in no
  // file: weights that had to be decoded when they were loaded.
  using RangeOf = FunctionRef<std::optional<checkpoint::FileRange>(std::span<const std::byte>)>;
  ExpertLayout(std::span<const std::vector<model::ExpertMatrices>> layers, RangeOf range_of);

  size_t layers() const noexcept { return layers_.size(); }
  size_t experts(size_t layer) const noexcept { return layers_[layer].size(); }
  // Of the layer that has most.
  size_t max_experts() const noexcept { return max_experts_; }
  // Of all layers.
  size_t total_experts() const noexcept { return stretches_begin_.size() - 1; }
  // What holds any of them: a multiple of kDirectAlignment.
  size_t slot_bytes() const noexcept { return slot_bytes_; }

  // Fills `stretches` with the reads that bring the expert into `slot`.
  void ReadsOf(ExpertId id, std::span<std::byte> slot,
               std::vector<io::FileStretch>& stretches) const;
  // Of these reads together.
  uint64_t ReadBytes(ExpertId id) const noexcept;
  // The expert where those reads have brought it.
  model::ExpertMatrices In(ExpertId id, std::span<const std::byte> slot) const;

 private:
  struct Stretch {
    checkpoint::FileRange range;
    size_t room_begin = 0;  // in the slot
  };

  void Add(const model::ExpertMatrices& expert, RangeOf range_of);
  std::span<const Stretch> StretchesOf(ExpertId id) const noexcept;

  std::span<const std::vector<model::ExpertMatrices>> layers_;
  size_t max_experts_ = 0;
  size_t slot_bytes_ = 0;
  // Of all experts, one after the other.
  std::vector<size_t> layer_begin_;  // the first expert of each layer
  std::vector<Stretch> stretches_;
  std::vector<size_t> stretches_begin_;  // the first of each expert; then the end
  std::vector<size_t> places_;           // of each part in the slot
  std::vector<size_t> places_begin_;     // the first of each expert
};

}  // namespace hlwq::runtime
