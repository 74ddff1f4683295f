#include "kernels/fwht.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "codec/hadamard.h"
#include "tests/kernels/each_target.h"

namespace hlwq::kernels {
namespace {

TEST(Fwht128Blocks, EqualsTheReferenceOnEveryTarget) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> input(128 * 50 + 1);
  for (float& value : input) value = normal(random) * std::exp2(normal(random) * 20);
  std::vector<float> want = input;
  for (size_t block = 0; block < 50; ++block) {
    codec::Fwht128(std::span<float, 128>(want.data() + 1 + 128 * block, 128));
  }
  test::ForEachTarget([&](const char*) {
    std::vector<float> got = input;
    Fwht128Blocks(std::span(got).subspan(1));
    EXPECT_EQ(got, want);
  });
}

}  // namespace
}  // namespace hlwq::kernels
