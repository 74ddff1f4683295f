// The mappings that hlwq::AbsorbMappingFault knows.
#pragma once

#include <cstddef>
#include <optional>

#include "hlwq/mapping_faults.h"

namespace hlwq {

// Mappings beyond so many at a time are not watched.
inline constexpr size_t kMaxWatchedMappings = 4096;

// The place of one mapping in the table of those that are watched. Moves.
class WatchedMapping {
 public:
  WatchedMapping() = default;
  // [begin, begin + bytes) is mapped, and stays so until this is gone. Cost: looks for a free place.
  WatchedMapping(const void* begin, size_t bytes) noexcept;
  WatchedMapping(WatchedMapping&& other) noexcept;
  WatchedMapping& operator=(WatchedMapping&& other) noexcept;
  ~WatchedMapping();

  // Whether a page of it could not be read since it is watched. Thread: safe.
  bool is_damaged() const noexcept;

 private:
  std::optional<size_t> place_;
};

}  // namespace hlwq
