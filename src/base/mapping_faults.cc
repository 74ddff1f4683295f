#include "base/mapping_faults.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <utility>

namespace hlwq {
namespace {

// A place is free while `begin` is 0, and being filled or emptied while it is kBusy: no mapping
// begins there.
constexpr uintptr_t kBusy = 1;

struct Place {
  std::atomic<uintptr_t> begin{0};
  std::atomic<uintptr_t> end{0};
  std::atomic<bool> is_damaged{false};
};
static_assert(std::atomic<uintptr_t>::is_always_lock_free);
static_assert(std::atomic<bool>::is_always_lock_free);

// Constant-initialised: there before any constructor runs, and after every destructor.
constinit std::array<Place, kMaxWatchedMappings> g_places;
// Places from here on were never used.
constinit std::atomic<size_t> g_places_used{0};
// Set before the first place is taken: a handler does not ask the system.
constinit std::atomic<uintptr_t> g_page_bytes{0};

std::optional<size_t> TakePlace() noexcept {
  for (size_t index = 0; index < g_places.size(); ++index) {
    uintptr_t free = 0;
    if (!g_places[index].begin.compare_exchange_strong(free, kBusy)) continue;
    size_t used = g_places_used.load();
    while (used <= index && !g_places_used.compare_exchange_weak(used, index + 1)) {
    }
    return index;
  }
  return std::nullopt;
}

Place* PlaceOf(uintptr_t address) noexcept {
  for (size_t index = 0; index < g_places_used.load(); ++index) {
    Place& place = g_places[index];
    const uintptr_t begin = place.begin.load();
    if (begin <= kBusy || address < begin || address >= place.end.load()) continue;
    // The end belongs to this beginning, unless the place changed hands in between.
    if (place.begin.load() == begin) return &place;
  }
  return nullptr;
}

}  // namespace

bool AbsorbMappingFault(void* address) noexcept {
  const auto fault = reinterpret_cast<uintptr_t>(address);
  Place* const place = PlaceOf(fault);
  if (place == nullptr) return false;
  // First the mark: whoever sees the zeros sees it too.
  place->is_damaged.store(true);
  const uintptr_t page_bytes = g_page_bytes.load();
  const int error = errno;
  void* const page = mmap(reinterpret_cast<void*>(fault / page_bytes * page_bytes), page_bytes,
                          PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  errno = error;
  return page != MAP_FAILED;
}

WatchedMapping::WatchedMapping(const void* begin, size_t bytes) noexcept {
  if (bytes == 0) return;
  g_page_bytes.store(static_cast<uintptr_t>(sysconf(_SC_PAGESIZE)));
  place_ = TakePlace();
  if (!place_) return;
  Place& place = g_places[*place_];
  place.is_damaged.store(false);
  place.end.store(reinterpret_cast<uintptr_t>(begin) + bytes);
  place.begin.store(reinterpret_cast<uintptr_t>(begin));
}

WatchedMapping::WatchedMapping(WatchedMapping&& other) noexcept
    : place_(std::exchange(other.place_, std::nullopt)) {}

WatchedMapping& WatchedMapping::operator=(WatchedMapping&& other) noexcept {
  std::swap(place_, other.place_);
  return *this;
}

WatchedMapping::~WatchedMapping() {
  if (place_) g_places[*place_].begin.store(0);
}

bool WatchedMapping::is_damaged() const noexcept {
  return place_ && g_places[*place_].is_damaged.load();
}

}  // namespace hlwq
