#include "study/sampling/token_drawer.h"

#include <gtest/gtest.h>

#include "tests/study/sampling/known_models.h"
#include "tests/support/expect_error.h"

namespace hlwq::study {
namespace {

constexpr size_t kTokens = 12;
constexpr size_t kDraws = 200000;

std::vector<float> Logits() {
  std::vector<float> logits(kTokens);
  for (size_t token = 0; token < kTokens; ++token) {
    logits[token] = 3 - 0.8f * static_cast<float>((token * 5) % kTokens);
  }
  return logits;
}

std::vector<double> Softmax(const std::vector<float>& logits, double temperature) {
  std::vector<double> shares;
  double sum = 0;
  for (const float logit : logits) sum += shares.emplace_back(std::exp(logit / temperature));
  for (double& share : shares) share /= sum;
  return shares;
}

std::vector<size_t> Count(const DrawOptions& options, const std::vector<float>& logits) {
  TokenDrawer drawer(options);
  CounterRandom random(7, 3);
  std::vector<size_t> counts(logits.size());
  for (size_t draw = 0; draw < kDraws; ++draw) {
    ++counts[static_cast<size_t>(drawer.Draw(logits, random))];
  }
  return counts;
}

TEST(TokenDrawer, DrawsWithTheProbabilitiesOfTheSoftmax) {
  for (const double temperature : {0.5, 1.0, 2.0}) {
    const auto counts = Count({.temperature = temperature}, Logits());
    EXPECT_LT(ChiSquare(Softmax(Logits(), temperature), counts), ChiSquareBound(kTokens))
        << temperature;
    // The bound is not so wide that another temperature would pass.
    EXPECT_GT(ChiSquare(Softmax(Logits(), temperature * 1.1), counts), ChiSquareBound(kTokens));
  }
}

TEST(TokenDrawer, CutsToTheFewestTokensOfTheNucleus) {
  std::vector<double> wanted = Softmax(Logits(), 1);
  std::vector<double> ordered = wanted;
  std::ranges::sort(ordered, std::greater());
  double sum = 0, least = 0;
  for (size_t index = 0; sum < 0.8; ++index) sum += least = ordered[index];
  for (double& share : wanted) share = share >= least ? share / sum : 0;
  const auto counts = Count({.top_p = 0.8}, Logits());
  EXPECT_LT(ChiSquare(wanted, counts), ChiSquareBound(kTokens));
  for (size_t token = 0; token < kTokens; ++token) {
    if (wanted[token] == 0) {
      EXPECT_EQ(counts[token], 0);
    }
  }
}

TEST(TokenDrawer, OfNoTemperatureTakesTheLikeliest) {
  TokenDrawer drawer({.temperature = 0});
  CounterRandom random(1, 1);
  EXPECT_EQ(drawer.Draw(std::vector<float>{1, 4, 2, 4}, random), 1);
}

TEST(TokenDrawer, TellsTheProbabilityAtTemperatureOne) {
  TokenDrawer drawer({.temperature = 0.3, .top_p = 0.5});
  CounterRandom random(1, 1);
  const auto shares = Softmax(Logits(), 1);
  for (int draw = 0; draw < 20; ++draw) {
    const int32_t token = drawer.Draw(Logits(), random);
    EXPECT_NEAR(ProbabilityOf(token, Logits()), shares[static_cast<size_t>(token)], 1e-6);
  }
}

// Of float32 the largest u below 1 gives 16.6: the noise would end there.
TEST(Gumbel, ReachesAsFarAsDoublesLetIt) {
  EXPECT_GT(GumbelOf(~uint64_t{0}), 36);
  EXPECT_TRUE(std::isfinite(GumbelOf(~uint64_t{0})));
  EXPECT_TRUE(std::isfinite(GumbelOf(0)));
}

TEST(TokenDrawer, RefusesWhatIsNoDistribution) {
  TokenDrawer drawer(DrawOptions{});
  CounterRandom random(1, 1);
  const float infinity = INFINITY;
  EXPECT_EQ(drawer.Draw(std::vector<float>{-infinity, 0}, random), 1);
  for (const std::vector<float>& logits :
       {std::vector<float>{0, NAN}, {infinity, 0}, {-infinity}, {}}) {
    test::ExpectError(ErrorCode::kNonFinite, "not finite", [&] { drawer.Draw(logits, random); });
  }
  test::ExpectError(ErrorCode::kInvalidArgument, "temperature",
                    [] { TokenDrawer({.temperature = -1}); });
  test::ExpectError(ErrorCode::kInvalidArgument, "top_p", [] { TokenDrawer({.top_p = 0}); });
}

}  // namespace
}  // namespace hlwq::study
