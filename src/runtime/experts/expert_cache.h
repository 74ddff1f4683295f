// Experts of a mixture in a part of the memory that they would take, read when they are wanted.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/file.h"
#include "base/page_memory.h"
#include "io/direct_reader.h"
#include "model/expert_source.h"
#include "runtime/experts/eviction.h"
#include "runtime/experts/expert_layout.h"
#include "runtime/experts/slot_table.h"

namespace hlwq::runtime {

// How much is kept: so many experts of each layer, or so many bytes of experts of any layer. More
// than there are experts is as good as all.
struct SlotsPerLayer {
  size_t slots = 0;
};
struct PoolBytes {
  uint64_t bytes = 0;
};

struct ExpertCacheOptions {
  std::variant<SlotsPerLayer, PoolBytes> size;
  EvictionPolicy policy = EvictionPolicy::kLfru;
  // Read ahead what is predicted, while no request waits for a slot.
  bool has_prefetch = true;
  io::DirectReaderOptions reader;
};

// An expert of a request is a hit or a miss when it gets a slot: what a request that ended early
// did not get is neither. Reads are misses + prefetched.
struct ExpertCacheStatistics {
  uint64_t hits = 0;                 // it was there, or on its way
  uint64_t misses = 0;               // a read was begun
  uint64_t prefetched = 0;           // reads begun before they were wanted
  uint64_t prefetched_and_used = 0;  // of these wanted before they were evicted: hits as well
  uint64_t evictions = 0;
  uint64_t bytes_read = 0;    // by reads that ended well
  double seconds_waited = 0;  // in Next, over all requests

  double hit_rate() const noexcept {
    const uint64_t wanted = hits + misses;
    return wanted == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(wanted);
  }
};

// What it gives is the bytes of the files, whatever the size and the policy.
//
// A request gets slots in two steps: for experts that are there or on their way, then for the
// others, whose reads begin at once, until no slot is left without users; the rest waits until
// slots are given back. Requests that wait do so in order. One that holds no slot keeps all behind
// it from getting any, those that others use included, and one that holds some never waits for
// more: so each ends, with a single slot too.
//
// A read that fails ends the requests that wanted the expert; others, and later ones, try again.
class ExpertCache final : public model::ExpertSource {
 public:
  // Borrows all: the model's experts as they are mapped (which stay as they are; only their places
  // are used), and the files, by the index that `range_of` gives. Throws Error{kInvalidArgument}
  // for a model without experts and for a size without a slot, naming the smallest that works;
  // Error{kUnsupported} as ExpertLayout; Error{kIo} where memory is refused.
  ExpertCache(std::span<const std::vector<model::ExpertMatrices>> experts,
              std::span<const File> files, ExpertLayout::RangeOf range_of,
              const ExpertCacheOptions& options);
  ExpertCache(const ExpertCache&) = delete;
  ExpertCache& operator=(const ExpertCache&) = delete;
  // No request is under way; waits for reads that are.
  ~ExpertCache() override;

  void Begin(model::ExpertRequest& request) override;
  std::span<const model::ReadyExpert> Next(model::ExpertRequest& request) override;
  void End(model::ExpertRequest& request) noexcept override;
  void Prefetch(size_t layer, std::span<const uint32_t> experts) noexcept override;
  bool wants_predictions() const noexcept override { return has_prefetch_; }

  // Slots over all layers, and the memory that they take when all are full.
  size_t slots() const noexcept { return table_.slots(); }
  size_t slot_bytes() const noexcept { return layout_.slot_bytes(); }
  // Every expert has a slot to itself: each is read once.
  bool holds_all() const noexcept { return slots() == layout_.total_experts(); }
  uint64_t memory_bytes() const noexcept { return memory_.bytes().size(); }
  EvictionPolicy policy() const noexcept { return policy_; }
  io::ReaderKind reader_kind() const noexcept { return reader_.kind(); }

  ExpertCacheStatistics statistics() const;
  void ResetStatistics();

 private:
  // What is still to be done for a request.
  struct Outlook {
    size_t wanted = 0;  // without a slot
    size_t held = 0;    // with one, given or not
  };

  // All of these with mutex_ held.
  void Serve(size_t pool) noexcept;
  Outlook ServeOne(model::ExpertRequest& request) noexcept;
  void GiveBack(model::ExpertRequest& request) noexcept;
  bool Collect(model::ExpertRequest& request);
  void ReadAhead() noexcept;
  void StartRead(uint32_t slot, Claim claim) noexcept;
  std::span<std::byte> MemoryOf(uint32_t slot) const noexcept {
    return memory_.bytes().subspan(slot * layout_.slot_bytes(), layout_.slot_bytes());
  }

  void OnRead(uint32_t slot, Claim claim, std::optional<Error> failure) noexcept;

  const ExpertLayout layout_;
  const EvictionPolicy policy_;
  const bool has_prefetch_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;  // a read ended, or a request got slots
  SlotTable table_;
  PageMemory memory_;  // of the slots
  ExpertHistory history_;
  std::vector<std::vector<model::ExpertRequest*>>
      waiting_;                             // [pool], those without all their slots
  std::vector<ExpertId> predicted_;         // to be read ahead; the likeliest last
  size_t reads_ahead_ = 0;                  // under way
  std::vector<io::FileStretch> stretches_;  // of StartRead
  ExpertCacheStatistics statistics_;        // but for the evictions
  uint64_t old_evictions_ = 0;              // of table_, at the last reset

  io::DirectReader reader_;  // last: its reads use the others
};

}  // namespace hlwq::runtime
