#include "kernels/vector_target.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "hwy/targets.h"

namespace hlwq::kernels {
namespace {

TEST(CapVectorTarget, LeavesNoBetterOne) {
  const int64_t all = hwy::SupportedTargets();
  CapVectorTarget("scalar");
  const int64_t left = hwy::SupportedTargets();
  hwy::DisableTargets(0);
  EXPECT_EQ(left & (left - 1), 0);  // a single one
  EXPECT_EQ(hwy::SupportedTargets(), all);
}

TEST(CapVectorTarget, RefusesOtherNames) {
  for (const char* name : {"", "AVX2", "avx3", "avx2 "}) EXPECT_THROW(CapVectorTarget(name), Error);
}

}  // namespace
}  // namespace hlwq::kernels
