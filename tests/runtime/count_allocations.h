// Counts what the test program allocates with operator new.
#pragma once

#include <cstddef>

namespace hlwq::test {

void SetCountingAllocations(bool is_counting) noexcept;
// Since the program began, while counting was on.
size_t CountedAllocations() noexcept;

}  // namespace hlwq::test
