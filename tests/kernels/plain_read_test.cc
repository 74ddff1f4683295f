#include "kernels/plain_read.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/kernels/each_target.h"

namespace hlwq::kernels {
namespace {

TEST(SumBytes, CountsEveryByteInItsWord) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{8}, size_t{9}, size_t{63}, size_t{256},
                            size_t{257}, size_t{5000}}) {
    std::vector<std::byte> bytes(size + 1);
    for (size_t i = 0; i <= size; ++i) bytes[i] = static_cast<std::byte>(i * 37 + 200);
    uint64_t want = 0;
    for (size_t i = 0; i < size; ++i) {
      want += static_cast<uint64_t>(bytes[i + 1]) << (i % 8 * 8);
    }
    test::ForEachTarget(
        [&](const char*) { EXPECT_EQ(SumBytes(std::span(bytes).subspan(1)), want) << size; });
  }
}

}  // namespace
}  // namespace hlwq::kernels
