// Perplexity and divergence of small models, against their logits taken one token at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "eval/kld.h"
#include "eval/perplexity.h"
#include "tests/support/shared_data.h"

namespace hlwq::eval {
namespace {

using report::Estimate;
using report::KldResult;
using report::KldToJson;
using report::MeanOf;
using report::PerplexityResult;
using runtime::Engine;
using runtime::TokenId;

Engine Open(const char* name, int threads = 2) {
  return Engine(test::Golden("good/gguf") / name / "model.gguf", {.threads = threads});
}

std::vector<TokenId> Tokens(size_t count) {
  std::vector<TokenId> tokens(count);
  for (size_t i = 0; i < count; ++i) tokens[i] = static_cast<TokenId>(MixBits(i) % 384);
  return tokens;
}

TextRunOptions Options(size_t window, size_t stride) {
  TextRunOptions options;
  options.windows = {window, stride};
  return options;
}

// -ln p(tokens[index]) after tokens[begin, index), one at a time.
double NllOf(Engine& engine, std::span<const TokenId> tokens, size_t begin, size_t index) {
  runtime::SequenceState cache =
      engine.MakeState({.format = DType::kF32, .capacity = index - begin});
  double nll = 0;
  for (size_t at = begin; at < index; ++at) {
    engine.Feed(cache, tokens.subspan(at, 1), model::LogitsOf::kAll,
                [&](size_t, std::span<const float> logits) {
                  double sum = 0;
                  for (const float logit : logits) sum += std::exp(double{logit});
                  nll = std::log(sum) - double{logits[static_cast<size_t>(tokens[index])]};
                });
  }
  return nll;
}

TEST(Perplexity, ScoresEachTokenAfterItsWindow) {
  Engine engine = Open("llama-bpe");
  const std::vector<TokenId> tokens = Tokens(40);
  const PerplexityResult result = MeasurePerplexity(engine, tokens, Options(16, 6));
  ASSERT_EQ(result.nlls.size(), 39u);
  // Token 1 in the first window, 16 the first of the second (which begins at 6), 39 of the last.
  const std::pair<size_t, size_t> kPlaces[] = {{0, 1}, {0, 15}, {6, 16}, {6, 21}, {24, 39}};
  for (const auto& [begin, index] : kPlaces) {
    EXPECT_NEAR(result.nlls[index - 1], NllOf(engine, tokens, begin, index), 1e-4) << index;
  }
  EXPECT_DOUBLE_EQ(result.perplexity.value, std::exp(MeanOf(result.nlls).value));
  EXPECT_EQ(result.run.windows, 5u);
  EXPECT_EQ(result.run.fed, 15u * 5);
}

TEST(Perplexity, DoesNotDependOnTheThreads) {
  const std::vector<TokenId> tokens = Tokens(50);
  Engine one = Open("qwen3", 1), three = Open("qwen3", 3);
  EXPECT_EQ(MeasurePerplexity(one, tokens, Options(20, 10)).nlls,
            MeasurePerplexity(three, tokens, Options(20, 10)).nlls);
}

TEST(Perplexity, TellsHowFarItIs) {
  Engine engine = Open("llama-bpe");
  TextRunOptions options = Options(16, 8);
  std::vector<uint64_t> done;
  uint64_t total = 0;
  options.progress = [&](const TokenProgress& progress) {
    done.push_back(progress.tokens_done);
    total = progress.tokens_total;
    EXPECT_THAT(std::string(progress.note), testing::StartsWith("perplexity "));
  };
  const PerplexityResult result = MeasurePerplexity(engine, Tokens(40), options);
  EXPECT_EQ(done.size(), result.run.windows);
  EXPECT_EQ(done.back(), total);
  EXPECT_EQ(total, result.run.fed);
}

TEST(Perplexity, RefusesTokensOutsideTheVocabulary) {
  Engine engine = Open("llama-bpe");
  std::vector<TokenId> tokens = Tokens(10);
  tokens[7] = 384;
  EXPECT_THROW(MeasurePerplexity(engine, tokens, Options(8, 4)), Error);
}

TEST(Kld, OfAModelAndItselfIsNothing) {
  Engine first = Open("qwen2"), second = Open("qwen2");
  const KldResult result = MeasureKld(first, second, Tokens(60), Options(24, 12));
  EXPECT_EQ(result.max, 0);
  EXPECT_EQ(result.mean, (Estimate{0, 0, 0}));
  EXPECT_EQ(result.same_top.value, 1);
  EXPECT_EQ(result.shared_top.value, 1);
  EXPECT_EQ(result.perplexity_ratio, (Estimate{1, 0, 0}));
}

TEST(Kld, StoppedEarlyItIsThatOfTheWindowsSoFar) {
  Engine first = Open("llama-bpe"), second = Open("qwen2");
  TextRunOptions options = Options(16, 16);
  int asked = 0;
  options.should_stop = [&] { return ++asked == 2; };
  const std::vector<TokenId> tokens = Tokens(100);
  const KldResult stopped = MeasureKld(first, second, tokens, options);
  EXPECT_EQ(stopped.run.windows, 2u);
  EXPECT_EQ(stopped.run.scored, 30u);
  EXPECT_EQ(stopped.run.tokens, 100u);
  const KldResult shorter = MeasureKld(first, second, std::span(tokens).first(32), Options(16, 16));
  EXPECT_EQ(stopped.mean, shorter.mean);
  asked = 0;
  EXPECT_EQ(MeasurePerplexity(first, tokens, options).perplexity, shorter.reference_perplexity);
}

TEST(Kld, OfSeveralModelsAreThoseOfEach) {
  Engine reference = Open("llama-bpe"), second = Open("qwen2"), third = Open("qwen3");
  runtime::Engine* const models[] = {&third, &second, &reference};
  const std::vector<TokenId> tokens = Tokens(90);
  // A model that is its own reference shares its engine, but not its cache.
  const std::vector<KldResult> together = MeasureKlds(reference, models, tokens, Options(40, 20));
  ASSERT_EQ(together.size(), 3u);
  EXPECT_EQ(together[0].mean, MeasureKld(reference, third, tokens, Options(40, 20)).mean);
  EXPECT_EQ(together[1].mean, MeasureKld(reference, second, tokens, Options(40, 20)).mean);
  EXPECT_EQ(together[2].max, 0);
}

TEST(Kld, HasThePerplexitiesOfBoth) {
  Engine reference = Open("llama-bpe"), model = Open("qwen2");
  // More tokens of a window than are held at a time.
  const std::vector<TokenId> tokens = Tokens(700);
  const TextRunOptions options = Options(512, 128);
  const KldResult result = MeasureKld(reference, model, tokens, options);
  const PerplexityResult first = MeasurePerplexity(reference, tokens, options);
  const PerplexityResult second = MeasurePerplexity(model, tokens, options);
  ASSERT_EQ(result.tokens.size(), first.nlls.size());
  for (size_t i = 0; i < first.nlls.size(); ++i) {
    EXPECT_EQ(result.token_indices[i], i + 1);
    EXPECT_NEAR(result.tokens[i].reference_nll, first.nlls[i], 1e-4);
    EXPECT_NEAR(result.tokens[i].nll, second.nlls[i], 1e-4);
  }
  EXPECT_NEAR(result.perplexity_ratio.value, second.perplexity.value / first.perplexity.value,
              1e-4);
  EXPECT_GT(result.mean.value, 0.01);
  EXPECT_GE(result.max, result.p99.value);
}

TEST(Kld, JsonHoldsEveryFigure) {
  Engine first = Open("qwen2"), second = Open("qwen2");
  const nlohmann::json json = KldToJson(MeasureKld(first, second, Tokens(30), Options(24, 12)));
  for (const char* key : {"kl", "same_top", "shared_top5", "probability_difference",
                          "reference_perplexity", "perplexity", "perplexity_ratio", "windows"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_EQ(json["kl"]["mean"]["value"], 0.0);
}

}  // namespace
}  // namespace hlwq::eval
