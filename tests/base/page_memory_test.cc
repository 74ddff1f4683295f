#include "base/page_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace hlwq {
namespace {

TEST(PageMemory, IsZeroAlignedForDirectReadsAndWritable) {
  const PageMemory memory(10'000);
  ASSERT_EQ(memory.bytes().size(), 10'000u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.bytes().data()) % kDirectAlignment, 0u);
  EXPECT_TRUE(std::ranges::all_of(memory.bytes(), [](std::byte b) { return b == std::byte{0}; }));
  std::ranges::fill(memory.bytes(), std::byte{7});
  EXPECT_EQ(memory.bytes().back(), std::byte{7});
}

TEST(PageMemory, MovesWithItsContent) {
  PageMemory first(100);
  first.bytes()[99] = std::byte{1};
  const std::byte* const data = first.bytes().data();
  PageMemory second(5000);
  second = std::move(first);
  EXPECT_EQ(second.bytes().data(), data);
  const PageMemory third(std::move(second));
  EXPECT_EQ(third.bytes().data(), data);
  EXPECT_TRUE(second.bytes().empty());
  EXPECT_EQ(third.bytes()[99], std::byte{1});
}

TEST(PageMemory, MoreThanThereIsIsAnErrorWithTheSize) {
  try {
    const PageMemory memory(size_t{1} << 60);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_STREQ(error.what(),
                 "cannot get 1152921504606846976 bytes of memory: Cannot allocate memory");
  }
}

}  // namespace
}  // namespace hlwq
