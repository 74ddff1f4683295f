// Counts allocations, for tests of code that must not allocate. Link hlwq_allocation_count.
#pragma once

#include <cstddef>

namespace hlwq::test {

// Calls of operator new so far, of all threads of the program.
size_t AllocationCount() noexcept;

}  // namespace hlwq::test
