#include "eval/sensitivity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "kernels/cpu_backend.h"
#include "tests/support/shared_data.h"

namespace hlwq::eval {
namespace {

using runtime::TokenId;

std::filesystem::path Folder() { return test::Golden("good/models/llama-biases"); }
checkpoint::Checkpoint Open() { return checkpoint::OpenCheckpoint(Folder()); }
runtime::Engine OpenEngine() { return runtime::Engine(Folder(), {.threads = 2}); }

constexpr ProbeOptions kProbes = {.sequences = 3, .tokens = 20, .seed = 5};

std::vector<TokenId> Probes() {
  runtime::Engine engine = OpenEngine();
  return MakeProbes(engine, kProbes);
}

std::vector<double> Divergences(const std::vector<std::vector<size_t>>& groups, int bits) {
  codec::CodecSpec spec = codec::DefaultSpec(codec::kHlwqCodec);
  spec.bits = bits;
  return MeasureDivergences(
      Open, groups, Probes(),
      {.probes = kProbes, .codec = kernels::CpuBackend().MakeCodec(spec), .threads = 2});
}

// Every matrix alone, as a group.
std::vector<std::vector<size_t>> Matrices() {
  std::vector<std::vector<size_t>> groups;
  const checkpoint::Checkpoint checkpoint = Open();
  for (size_t tensor = 0; tensor < checkpoint.tensors.size(); ++tensor) {
    if (checkpoint.tensors[tensor].shape.size() == 2) groups.push_back({tensor});
  }
  return groups;
}

TEST(Probes, AreTokensOfTheModelAndTheSameEveryTime) {
  const std::vector<TokenId> probes = Probes();
  ASSERT_EQ(probes.size(), kProbes.sequences * kProbes.tokens);
  const auto vocabulary = static_cast<TokenId>(OpenEngine().config().sizes.vocab);
  for (const TokenId token : probes) {
    EXPECT_GE(token, 0);
    EXPECT_LT(token, vocabulary);
  }
  EXPECT_EQ(probes, Probes());
  EXPECT_NE(probes[0], probes[kProbes.tokens]);
}

TEST(ResidualShares, AreOnePerLayerAndPositive) {
  runtime::Engine engine = OpenEngine();
  const std::vector<double> shares =
      MeasureResidualShares(engine, MakeProbes(engine, kProbes), kProbes);
  ASSERT_EQ(shares.size(), engine.config().sizes.layers.size());
  for (const double share : shares) EXPECT_GT(share, 0);
}

TEST(Divergences, OfNothingCodedAreZero) {
  EXPECT_EQ(Divergences({{}}, 2), std::vector<double>{0});
}

TEST(Divergences, FallWithBitsForEveryMatrixThatMatters) {
  const std::vector<double> few = Divergences(Matrices(), 2), many = Divergences(Matrices(), 6);
  ASSERT_EQ(few.size(), Matrices().size());
  for (size_t matrix = 0; matrix < few.size(); ++matrix) {
    EXPECT_GT(few[matrix], 0);
    EXPECT_LT(many[matrix], 0.1 * few[matrix]);
  }
}

// What lets a sum of them stand for the whole model: at small errors losses add up.
TEST(Divergences, AddUpWhereErrorsAreSmall) {
  std::vector<std::vector<size_t>> groups = Matrices();
  const std::vector<double> alone = Divergences(groups, 6);
  std::vector<size_t> all;
  for (const auto& group : groups) all.push_back(group.front());
  const double together = Divergences({all}, 6).front();
  const double sum = std::accumulate(alone.begin(), alone.end(), 0.0);
  EXPECT_GT(together, 0.5 * sum);
  EXPECT_LT(together, 2 * sum);
}

}  // namespace
}  // namespace hlwq::eval
