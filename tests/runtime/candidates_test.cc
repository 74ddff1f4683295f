#include "runtime/candidates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/random.h"

namespace hlwq::runtime {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<TokenId> Tokens(const Candidates& candidates) {
  std::vector<TokenId> tokens;
  for (const auto& candidate : candidates.list()) tokens.push_back(candidate.token);
  return tokens;
}

// Tokens in the order of falling logits, equal ones by rising id.
std::vector<TokenId> Ranked(const std::vector<float>& logits) {
  std::vector<TokenId> tokens(logits.size());
  std::iota(tokens.begin(), tokens.end(), 0);
  std::ranges::stable_sort(tokens, [&](TokenId a, TokenId b) {
    return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
  });
  return tokens;
}

std::vector<float> RandomLogits(size_t count, uint64_t seed, int steps_per_unit) {
  std::vector<float> logits(count);
  for (size_t token = 0; token < count; ++token) {
    const auto steps = static_cast<float>(steps_per_unit);
    logits[token] = std::round(3 * NearNormal(seed, token) * steps) / steps;
  }
  return logits;
}

std::vector<double> Softmax(const std::vector<float>& logits) {
  const float largest = *std::ranges::max_element(logits);
  std::vector<double> shares;
  for (const float logit : logits) shares.push_back(std::exp(double{logit} - largest));
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= sum;
  return shares;
}

TEST(Candidates, TopKAreTheLargestWithTiesByLowestId) {
  for (const size_t vocabulary : {1, 7, 500, 3000}) {
    for (const size_t count : {1, 2, 40, 499, 1000}) {
      // One step a unit gives many ties.
      const std::vector<float> logits = RandomLogits(vocabulary, count, 1);
      Candidates candidates;
      candidates.Take(logits, count);
      std::vector<TokenId> expected = Ranked(logits);
      if (count >= vocabulary) {
        std::ranges::sort(expected);  // all: left as they are
      } else {
        expected.resize(count);
      }
      EXPECT_THAT(Tokens(candidates), ElementsAreArray(expected)) << vocabulary << " " << count;
    }
  }
}

TEST(Candidates, RisingLogitsAreTheWorstCaseOfTopKAndStillRight) {
  std::vector<float> logits(5000);
  std::iota(logits.begin(), logits.end(), 0.0f);
  Candidates candidates;
  candidates.Take(logits, 3);
  EXPECT_THAT(Tokens(candidates), ElementsAre(4999, 4998, 4997));
}

TEST(Candidates, ImpossibleTokensAreNone) {
  Candidates candidates;
  candidates.Take(std::vector{-kInfinity, 1.0f, -kInfinity}, 2);
  EXPECT_THAT(Tokens(candidates), ElementsAre(1));
  candidates.Take(std::vector{-kInfinity, 1.0f, -kInfinity}, 0);
  EXPECT_THAT(Tokens(candidates), ElementsAre(1));
  EXPECT_EQ(candidates.Draw(1, 0.999), 1);
}

TEST(Candidates, TopPIsTheShortestHeadThatHasTheShare) {
  for (const size_t top_k : {0, 700}) {
    for (const double share : {0.0, 0.1, 0.5, 0.9, 0.99, 0.9999}) {
      const std::vector<float> logits = RandomLogits(1000, 5, 100);
      Candidates candidates;
      candidates.Take(logits, top_k);
      std::vector<TokenId> ranked = Ranked(logits);
      if (top_k > 0) ranked.resize(top_k);
      std::vector<float> kept_logits;
      for (const TokenId token : ranked) kept_logits.push_back(logits[static_cast<size_t>(token)]);
      const std::vector<double> shares = Softmax(kept_logits);
      size_t kept = 0;
      for (double sum = 0; kept < ranked.size() && (kept == 0 || sum < share); ++kept) {
        sum += shares[kept];
      }
      ranked.resize(kept);
      candidates.KeepTop(share);
      EXPECT_THAT(Tokens(candidates), ElementsAreArray(ranked)) << top_k << " " << share;
    }
  }
}

TEST(Candidates, TopPOfOneKeepsAll) {
  Candidates candidates;
  candidates.Take(RandomLogits(300, 1, 100), 0);
  candidates.KeepTop(1);
  EXPECT_EQ(candidates.list().size(), 300u);
}

TEST(Candidates, MinPIsRelativeToTheLikeliest) {
  // exp(-2) = 0.135, exp(-3) = 0.0498, exp(-1) = 0.368
  const std::vector<float> logits = {1, -1, 3, 0, 2};
  for (const size_t top_k : {0, 4}) {
    Candidates candidates;
    candidates.Take(logits, top_k);
    candidates.KeepLikely(0.1);
    EXPECT_THAT(Tokens(candidates), testing::UnorderedElementsAre(2, 4, 0));
    candidates.KeepLikely(1);
    EXPECT_THAT(Tokens(candidates), ElementsAre(2));
  }
}

TEST(Candidates, TypicalTokensAreThoseNearestToTheEntropy) {
  const std::vector<float> logits = RandomLogits(200, 9, 100);
  const std::vector<double> shares = Softmax(logits);
  double entropy = 0;
  for (const double share : shares) entropy -= share * std::log(share);
  std::vector<TokenId> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](TokenId token) {
    return std::abs(-std::log(shares[static_cast<size_t>(token)]) - entropy);
  });
  for (const double share : {0.0, 0.2, 0.7, 0.95}) {
    size_t kept = 0;
    for (double sum = 0; kept < order.size() && (kept == 0 || sum < share); ++kept) {
      sum += shares[static_cast<size_t>(order[kept])];
    }
    Candidates candidates;
    candidates.Take(logits, 0);
    candidates.KeepTypical(share);
    EXPECT_THAT(Tokens(candidates),
                testing::UnorderedElementsAreArray(
                    order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept)))
        << share;
    for (size_t at = 1; at < candidates.list().size(); ++at) {
      EXPECT_GE(candidates.list()[at - 1].logit, candidates.list()[at].logit);
    }
  }
}

// Over evenly spaced positions each token comes exactly as often as its share says, to within the
// two ends of its stretch.
TEST(Candidates, DrawsCutTheUnitIntervalByProbability) {
  const std::vector<float> logits = {0.5f, -1, 2, 2, -kInfinity, 1};
  constexpr int kPositions = 100'000;
  for (const double temperature : {0.25, 1.0, 3.0}) {
    for (const size_t top_k : {0, 5}) {
      Candidates candidates;
      candidates.Take(logits, top_k);
      std::vector<int> counts(logits.size());
      for (int position = 0; position < kPositions; ++position) {
        ++counts[static_cast<size_t>(candidates.Draw(temperature, (position + 0.5) / kPositions))];
      }
      std::vector<float> warm;
      for (const float logit : logits) warm.push_back(logit / static_cast<float>(temperature));
      const std::vector<double> shares = Softmax(warm);
      for (size_t token = 0; token < logits.size(); ++token) {
        EXPECT_NEAR(counts[token], shares[token] * kPositions, 1.5) << token << " " << temperature;
      }
    }
  }
}

TEST(Candidates, AVanishingTemperatureLeavesTheLargest) {
  Candidates candidates;
  candidates.Take(std::vector{1.0f, 1.001f, -5.0f}, 0);
  EXPECT_EQ(candidates.Draw(1e-300, 0), 1);
  EXPECT_EQ(candidates.Draw(1e-300, std::nextafter(1.0, 0.0)), 1);
}

}  // namespace
}  // namespace hlwq::runtime
