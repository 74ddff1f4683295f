#include "report/throughput.h"

#include <gtest/gtest.h>

namespace hlwq::report {
namespace {

TEST(Samples, MedianLiesBetweenTheMiddleOnes) {
  EXPECT_EQ((Samples{{5, 1, 3}}).Median(), 3);
  EXPECT_EQ((Samples{{4, 1, 3, 100}}).Median(), 3.5);
  EXPECT_EQ((Samples{{4, 1, 3, 100}}).Min(), 1);
  EXPECT_EQ((Samples{{4, 1, 3, 100}}).Max(), 100);
  EXPECT_EQ(Samples{}.Median(), 0);
}

}  // namespace
}  // namespace hlwq::report
