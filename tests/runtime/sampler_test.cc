#include "runtime/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "base/error.h"
#include "base/random.h"
#include "tests/support/expect_error.h"

namespace hlwq::runtime {
namespace {

using testing::ElementsAre;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Nothing but the temperature.
SamplerOptions Plain(double temperature) {
  return {.temperature = temperature, .top_k = 0, .top_p = 1, .min_p = 0};
}

std::vector<TokenId> SampleMany(Sampler sampler, const std::vector<float>& logits, int count) {
  std::vector<TokenId> tokens;
  for (int step = 0; step < count; ++step) tokens.push_back(sampler.Sample(logits));
  return tokens;
}

TEST(Sampler, DrawsFromTheSoftmax) {
  const std::vector<float> logits = {0, 1, -1, 2, 0.5f, -kInfinity};
  constexpr int kDraws = 200'000;
  std::vector<double> counts(logits.size());
  for (const TokenId token : SampleMany(Sampler(Plain(1), 6), logits, kDraws)) {
    counts[static_cast<size_t>(token)] += 1;
  }
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit);
  double chi_square = 0;
  for (size_t token = 0; token < 5; ++token) {
    const double expected = kDraws * std::exp(logits[token]) / sum;
    chi_square += (counts[token] - expected) * (counts[token] - expected) / expected;
  }
  EXPECT_EQ(counts[5], 0);
  // Four degrees of freedom: 18.5 is passed once in a thousand seeds; a bias of 1 % gives 20.
  EXPECT_LT(chi_square, 18.5);
}

TEST(Sampler, TheSameSeedGivesTheSameTokensAndAnotherSeedOthers) {
  std::vector<float> logits(1000);
  for (size_t token = 0; token < logits.size(); ++token) logits[token] = NearNormal(1, token);
  SamplerOptions options = Plain(1);
  const auto first = SampleMany(Sampler(options, 1000), logits, 50);
  EXPECT_EQ(SampleMany(Sampler(options, 1000), logits, 50), first);
  options.seed = 1;
  EXPECT_NE(SampleMany(Sampler(options, 1000), logits, 50), first);
}

// Computed apart, in Python: seeds that people noted must go on to give the same answers.
TEST(Sampler, SeedsGiveTheRecordedTokens) {
  std::vector<float> logits(1000);
  for (size_t token = 0; token < logits.size(); ++token) logits[token] = 2 * NearNormal(1, token);
  EXPECT_THAT(SampleMany(Sampler({.seed = 42}, 1000), logits, 6),
              ElementsAre(623, 510, 144, 363, 72, 271));
}

TEST(Sampler, WhatIsNotAllowedNeverComes) {
  std::vector<float> logits(70);
  for (size_t token = 0; token < logits.size(); ++token) logits[token] = NearNormal(1, token);
  const std::vector<uint32_t> allowed = {0x80000001, 0, 0x22};
  std::vector<float> others(70, -kInfinity);
  for (const size_t token : {0, 31, 65, 69}) others[token] = logits[token];
  for (const double temperature : {0.0, 1.0}) {
    Sampler sampler(Plain(temperature), 70), same(Plain(temperature), 70);
    for (int step = 0; step < 50; ++step)
      EXPECT_EQ(sampler.Sample(logits, allowed), same.Sample(others));
  }
  const std::vector<uint32_t> all(3, ~uint32_t{0});
  EXPECT_EQ(Sampler(Plain(1), 70).Sample(logits, all), Sampler(Plain(1), 70).Sample(logits));
  test::ExpectError(ErrorCode::kNonFinite, "no token is possible",
                    [&] { Sampler(Plain(1), 70).Sample(logits, std::vector<uint32_t>(3)); });
}

TEST(Sampler, TemperatureZeroIsTheLargestLogitOfLowestId) {
  EXPECT_EQ(Sampler(Plain(0), 4).Sample(std::vector{1.0f, 3.0f, 3.0f, 2.0f}), 1);
  // Filters that would drop it do not matter.
  SamplerOptions options = Plain(0);
  options.typical_p = 0.1;
  EXPECT_EQ(Sampler(options, 4).Sample(std::vector{1.0f, 5.0f, 3.0f, 2.0f}), 1);
}

TEST(Sampler, TheOnlyPossibleTokenIsTaken) {
  const std::vector<float> logits = {-kInfinity, -kInfinity, -3e38f, -kInfinity};
  for (const double temperature : {0.0, 1.0, 100.0}) {
    SamplerOptions options;
    options.temperature = temperature;
    options.typical_p = 0.5;
    EXPECT_EQ(Sampler(options, 4).Sample(logits), 2);
  }
}

TEST(Sampler, TopKBeyondTheVocabularyIsAll) {
  SamplerOptions options = Plain(1);
  options.top_k = 1'000'000;
  const std::vector<float> logits = {0, 1, 2};
  EXPECT_EQ(SampleMany(Sampler(options, 3), logits, 100),
            SampleMany(Sampler(Plain(1), 3), logits, 100));
}

TEST(Sampler, TopKOfOneIsGreedy) {
  SamplerOptions options;
  options.temperature = 100;
  options.top_k = 1;
  for (const TokenId token : SampleMany(Sampler(options, 3), {2, 2, 1}, 20)) EXPECT_EQ(token, 0);
}

TEST(Sampler, BiasesComeBeforeEverything) {
  SamplerOptions options = Plain(0);
  options.biases = {{.token = 2, .bias = 5}, {.token = 1, .bias = -kInfinity}};
  EXPECT_EQ(Sampler(options, 3).Sample(std::vector{1.0f, 9.0f, 0.0f}), 2);
}

TEST(Sampler, PenaltiesSeeThePromptAndWhatWasChosen) {
  SamplerOptions options = Plain(0);
  options.penalties = {.window = 3, .presence = 10};
  Sampler sampler(options, 4);
  sampler.Accept(std::vector<TokenId>{0});
  const std::vector<float> logits = {4, 3, 2, 1};
  std::vector<TokenId> tokens;
  for (int step = 0; step < 5; ++step) tokens.push_back(sampler.Sample(logits));
  EXPECT_THAT(tokens, ElementsAre(1, 2, 3, 0, 1));
}

TEST(Sampler, FiltersSeeTheDistributionAtTemperatureOne) {
  // exp(-2) = 0.135: dropped at min-p 0.2, though at temperature 2 it would be 0.37.
  SamplerOptions options = Plain(2);
  options.min_p = 0.2;
  for (const TokenId token : SampleMany(Sampler(options, 2), {0, -2}, 200)) EXPECT_EQ(token, 0);
}

TEST(Sampler, RefusesLogitsThatAreNoNumbers) {
  for (const double temperature : {0.0, 1.0}) {
    Sampler sampler(Plain(temperature), 3);
    test::ExpectError(ErrorCode::kNonFinite, "logit of token 1: want a finite number, got nan",
                      [&] {
                        sampler.Sample(std::vector{0.0f, std::nanf(""), 1.0f});
                      });
    test::ExpectError(ErrorCode::kNonFinite, "logit of token 2: want a finite number, got inf",
                      [&] {
                        sampler.Sample(std::vector{0.0f, 1.0f, kInfinity});
                      });
    test::ExpectError(ErrorCode::kNonFinite, "no token is possible",
                      [&] { sampler.Sample(std::vector(3, -kInfinity)); });
  }
  SamplerOptions options = Plain(0);
  options.biases = {{.token = 0, .bias = -kInfinity}};
  test::ExpectError(ErrorCode::kNonFinite, "no token is possible",
                    [&] { Sampler(options, 1).Sample(std::vector{1.0f}); });
}

// Logits are looked at in blocks: each place in and after them counts.
TEST(Sampler, FindsTheLargestAndTheUnusableWhereverTheyAre) {
  for (const size_t count : {1, 31, 32, 33, 64, 100}) {
    for (size_t at = 0; at < count; ++at) {
      std::vector<float> logits(count, -1);
      logits[at] = 1;
      EXPECT_EQ(Sampler(Plain(0), count).Sample(logits), static_cast<TokenId>(at));
      SamplerOptions one;
      one.top_k = 1;
      EXPECT_EQ(Sampler(one, count).Sample(logits), static_cast<TokenId>(at));
      logits[at] = std::nanf("");
      test::ExpectError(ErrorCode::kNonFinite, "logit of token " + std::to_string(at) + ":",
                        [&] { Sampler(Plain(0), count).Sample(logits); });
    }
  }
}

TEST(Sampler, RefusesOptionsOutOfRange) {
  const auto expect = [](const std::string& part, auto&& change) {
    SamplerOptions options;
    change(options);
    test::ExpectError(ErrorCode::kInvalidArgument, part, [&] { Sampler(options, 10); });
  };
  expect("temperature", [](auto& options) { options.temperature = -1; });
  expect("temperature", [](auto& options) { options.temperature = std::nan(""); });
  expect("top-p", [](auto& options) { options.top_p = 1.5; });
  expect("min-p", [](auto& options) { options.min_p = -0.1; });
  expect("typical-p", [](auto& options) { options.typical_p = 2; });
  expect("repeat penalty", [](auto& options) { options.penalties.repeat = 0; });
  expect("want a token below 10, got 10", [](auto& options) { options.biases = {{10, 1}}; });
  expect("want a token below 10, got -1", [](auto& options) { options.biases = {{-1, 1}}; });
  expect("want a number or -inf", [](auto& options) { options.biases = {{1, kInfinity}}; });
}

}  // namespace
}  // namespace hlwq::runtime
