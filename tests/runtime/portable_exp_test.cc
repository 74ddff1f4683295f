#include "runtime/portable_exp.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hlwq::runtime {
namespace {

TEST(PortableExp, IsWithinTwoUnitsOfTheTrueValue) {
  double worst = 0;
  for (int step = 0; step <= 700'000; ++step) {
    const double x = -step * 0.000999;
    const double want = static_cast<double>(std::exp(static_cast<long double>(x)));
    const double unit = std::nextafter(want, INFINITY) - want;
    worst = std::max(worst, std::abs(PortableExp(x) - want) / unit);
  }
  EXPECT_LE(worst, 2);
}

TEST(PortableExp, EndsAreExact) {
  EXPECT_EQ(PortableExp(0), 1);
  EXPECT_EQ(PortableExp(-0.0), 1);
  EXPECT_EQ(PortableExp(-701), 0);
  EXPECT_EQ(PortableExp(-INFINITY), 0);
  EXPECT_GT(PortableExp(-700), 0);
}

// Written down once: other bits here mean other sampled tokens.
TEST(PortableExp, HasTheRecordedBits) {
  EXPECT_EQ(PortableExp(-1), 0x1.78b56362cef38p-2);
  EXPECT_EQ(PortableExp(-0.1), 0x1.cf46d99d52b3ap-1);
  EXPECT_EQ(PortableExp(-10.7), 0x1.7a3dc56210892p-16);
}

}  // namespace
}  // namespace hlwq::runtime
