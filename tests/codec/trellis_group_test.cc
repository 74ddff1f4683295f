#include "codec/trellis_group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace hlwq::codec {
namespace {

using Group = std::array<float, kGroupSize>;

Group GaussianGroup(std::mt19937& random) {
  std::normal_distribution<float> normal;
  Group v;
  for (float& value : v) value = normal(random);
  return v;
}

class TrellisGroup : public testing::TestWithParam<int> {
 protected:
  TrellisTable table_{TrellisLevels(kTableTrellisGauss, GetParam()), GetParam()};

  EncodedGroup Encode(const Group& v, const char* effort) const {
    EncodedGroup out;
    const GroupShape shape = ShapeOf(v);
    EncodeGroup(v, shape, RowScaleFor(shape.reach, table_), table_,
                TrellisSearchFor(effort, GetParam()), out);
    return out;
  }
  // Squared error at the stored multiplier with the nearest level of each subset of the path.
  double BestError(const Group& v, uint64_t path, float multiplier) const {
    const TrellisSubsets subsets = SubsetsOf(path);
    double error = 0;
    for (size_t t = 0; t < kGroupSize; ++t) {
      const size_t subset = 2 * (subsets.high >> t & 1) + (subsets.low >> t & 1);
      double least = INFINITY;
      for (size_t i = subset; i < table_.levels().size(); i += kTrellisSubsets) {
        least = std::min(least, std::pow(v[t] - double{multiplier} * table_.levels()[i], 2));
      }
      error += least;
    }
    return error;
  }
};
INSTANTIATE_TEST_SUITE_P(Bits, TrellisGroup, testing::Range(2, 7));

TEST_P(TrellisGroup, LevelsBelongToThePath) {
  std::mt19937 random(1);
  for (int i = 0; i < 20; ++i) {
    const EncodedGroup out = Encode(GaussianGroup(random), "default");
    const TrellisSubsets subsets = SubsetsOf(out.path);
    for (size_t t = 0; t < kGroupSize; ++t) {
      EXPECT_EQ(out.levels[t] % kTrellisSubsets,
                2 * (subsets.high >> t & 1) + (subsets.low >> t & 1));
    }
  }
}

TEST_P(TrellisGroup, NoOtherPathNearbyIsMuchBetter) {
  // The path is the best one on the grid; off it, by rounding, another may be a little better.
  std::mt19937 random(2);
  for (int i = 0; i < 10; ++i) {
    const Group v = GaussianGroup(random);
    const EncodedGroup out = Encode(v, "default");
    const float multiplier = RowScaleFor(ShapeOf(v).reach, table_) * GroupFactor(out.scale);
    const double error = BestError(v, out.path, multiplier);
    EXPECT_NEAR(out.sums.error / error, 1, 0.02);
    for (size_t t = 0; t < kGroupSize; ++t) {
      for (uint64_t change = 1; change < 16; ++change) {
        EXPECT_GT(BestError(v, out.path ^ (change << t), multiplier), 0.98 * error);
      }
    }
  }
}

TEST_P(TrellisGroup, MoreEffortLeavesLessErrorOnAverage) {
  std::mt19937 random(3);
  double fast = 0, normal = 0, best = 0;
  for (int i = 0; i < 100; ++i) {
    const Group v = GaussianGroup(random);
    fast += Encode(v, "fast").sums.error;
    normal += Encode(v, "default").sums.error;
    best += Encode(v, "best").sums.error;
  }
  EXPECT_LT(normal, fast);
  EXPECT_LT(best, normal);
}

TEST_P(TrellisGroup, NegatedCoordinatesKeepTheirError) {
  // Negation is no symmetry of the code, whose first state is fixed, but nearly one of its error.
  std::mt19937 random(4);
  double sum = 0, negated_sum = 0;
  for (int i = 0; i < 100; ++i) {
    Group v = GaussianGroup(random);
    sum += Encode(v, "default").sums.error;
    for (float& value : v) value = -value;
    negated_sum += Encode(v, "default").sums.error;
  }
  EXPECT_NEAR(sum / negated_sum, 1, 0.05);
}

TEST_P(TrellisGroup, ASpikeIsKeptAndNothingExplodes) {
  Group v = {};
  v[17] = 5;
  const EncodedGroup out = Encode(v, "default");
  EXPECT_LT(out.sums.error, 0.5f * 25);
  const float row_scale = RowScaleFor(1000, table_);
  EncodedGroup small;
  EncodeGroup(v, ShapeOf(v), row_scale, table_, TrellisSearchFor("default", GetParam()), small);
  EXPECT_LE(small.sums.error, 25);
}

TEST_P(TrellisGroup, FlatGroupsLoseNoMoreThanGaussianOnes) {
  // One large weight gives all coordinates of its block nearly one magnitude.
  std::mt19937 random(6);
  std::normal_distribution<float> normal;
  double flat_error = 0, error = 0;
  for (int i = 0; i < 50; ++i) {
    Group v;
    for (float& value : v)
      value = (random() % 2 == 0 ? 1.0f : -1.0f) * (1 + 0.02f * normal(random));
    flat_error += Encode(v, "default").sums.error / ShapeOf(v).energy;
    const Group gaussian = GaussianGroup(random);
    error += Encode(gaussian, "default").sums.error / ShapeOf(gaussian).energy;
  }
  EXPECT_LT(flat_error, 1.1 * error);
}

TEST_P(TrellisGroup, ZerosAndGroupsFarBelowTheirRowAreZeroGroups) {
  for (const float value : {0.0f, 0x1p-101f}) {
    Group v;
    v.fill(value);
    const EncodedGroup out = Encode(v, "default");
    EXPECT_EQ(out.scale, kZeroGroup);
    EXPECT_EQ(out.path, 0u);
  }
  std::mt19937 random(5);
  const Group v = GaussianGroup(random);
  EncodedGroup out;
  EncodeGroup(v, ShapeOf(v), RowScaleFor(1e6f, table_), table_,
              TrellisSearchFor("default", GetParam()), out);
  EXPECT_EQ(out.scale, kZeroGroup);
  EXPECT_EQ(out.sums.error, ShapeOf(v).energy);
}

}  // namespace
}  // namespace hlwq::codec
