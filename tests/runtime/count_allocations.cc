#include "tests/runtime/count_allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<bool> g_is_counting = false;
std::atomic<size_t> g_allocations = 0;
}  // namespace

namespace hlwq::test {

void SetCountingAllocations(bool is_counting) noexcept { g_is_counting = is_counting; }
size_t CountedAllocations() noexcept { return g_allocations; }

}  // namespace hlwq::test

// The other forms of new call these two.
void* operator new(size_t bytes) {
  if (g_is_counting) ++g_allocations;
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}
void* operator new(size_t bytes, std::align_val_t alignment) {
  if (g_is_counting) ++g_allocations;
  const auto size = static_cast<size_t>(alignment);
  if (void* memory = std::aligned_alloc(size, (bytes + size) / size * size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
