// Exp of kernels/cpu/exp-inl.h, which no header declares: this unit is compiled for every target.
#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/kernels/exp_test.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#include "kernels/cpu/exp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

void ExpOn(const float* x, float* y, size_t count) {
  for (size_t i = 0; i + kLanes <= count; i += kLanes) {
    hn::StoreU(Exp(hn::LoadU(DF(), x + i)), DF(), y + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/kernels/each_target.h"

namespace hlwq::kernels {

HWY_EXPORT(ExpOn);

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> ExpOf(const std::vector<float>& x) {
  std::vector<float> y(x.size());
  HWY_DYNAMIC_DISPATCH(ExpOn)(x.data(), y.data(), x.size());
  return y;
}

TEST(Exp, IsWithinTwoUlp) {
  std::vector<float> x;
  for (const float sign : {1.0f, -1.0f}) {
    for (uint32_t bits = 0; bits <= std::bit_cast<uint32_t>(88.7228f); bits += 9973) {
      const float value = sign * std::bit_cast<float>(bits);
      if (value >= -86.98f) x.push_back(value);
    }
  }
  x.resize(x.size() / 16 * 16);
  ASSERT_GT(x.size(), 100000u);
  test::ForEachTarget([&](const char*) {
    const std::vector<float> y = ExpOf(x);
    double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double want = std::exp(static_cast<double>(x[i]));
      const double ulp = std::ldexp(1.0, std::ilogb(want) - 23);
      worst = std::max(worst, std::abs(y[i] - want) / ulp);
    }
    EXPECT_LE(worst, 2);
    EXPECT_GE(worst, 0.5);  // no float can be closer everywhere
  });
}

TEST(Exp, EndsAreExact) {
  const std::vector<float> x = {0,      -0.0f,   -87,   -100,      -1e30f, -kInfinity,
                                89,     200,     1e30f, kInfinity, 88.72f, -86.98f,
                                1e-30f, -1e-30f, -200,  88.73f};
  test::ForEachTarget([&](const char*) {
    const std::vector<float> y = ExpOf(x);
    for (const size_t one : {0, 1, 12, 13}) EXPECT_EQ(y[one], 1) << x[one];
    for (const size_t zero : {2, 3, 4, 5, 14}) EXPECT_EQ(y[zero], 0) << x[zero];
    for (const size_t infinite : {6, 7, 8, 9, 15}) EXPECT_EQ(y[infinite], kInfinity) << x[infinite];
    EXPECT_TRUE(std::isfinite(y[10]));
    EXPECT_GT(y[11], 0);
    EXPECT_TRUE(std::isnan(ExpOf(std::vector<float>(16, std::nanf("")))[0]));
  });
}

}  // namespace
}  // namespace hlwq::kernels

#endif
