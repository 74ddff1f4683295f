#include "study/net/net.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "study/objective/objective.h"

namespace hlwq::study {
namespace {

constexpr ModelConfig kTiny = {.layers = 2, .heads = 2, .width = 16, .hidden = 24, .window = 6};
constexpr size_t kTinyVocabulary = 7;

std::vector<float> TinyLogits(const Net& net, const std::vector<TokenId>& tokens) {
  std::vector<float> logits(tokens.size() * net.vocabulary());
  net.Logits({tokens, 1, tokens.size()}, {}, logits);
  return logits;
}

// The largest change of logits at each place when the token at `changed` becomes another.
std::vector<float> Effects(bool is_causal, size_t changed) {
  const Net net({.model = kTiny, .vocabulary = kTinyVocabulary, .is_causal = is_causal}, 5);
  std::vector<TokenId> tokens = {0, 1, 2, 3, 4, 5};
  const std::vector<float> before = TinyLogits(net, tokens);
  tokens[changed] = 6;
  const std::vector<float> after = TinyLogits(net, tokens);
  std::vector<float> effects(tokens.size(), 0);
  for (size_t index = 0; index < before.size(); ++index) {
    float& effect = effects[index / kTinyVocabulary];
    effect = std::max(effect, std::abs(after[index] - before[index]));
  }
  return effects;
}

TEST(Net, CausalPlacesKnowNothingOfLaterTokens) {
  const std::vector<float> effects = Effects(true, 3);
  for (size_t place = 0; place < effects.size(); ++place) {
    if (place < 3) {
      EXPECT_EQ(effects[place], 0) << place;
    } else {
      EXPECT_GT(effects[place], 0) << place;
    }
  }
}

TEST(Net, WithoutTheMaskEveryPlaceSeesBothSides) {
  for (const float effect : Effects(false, 3)) EXPECT_GT(effect, 0);
}

TEST(Net, AppendedTokensGiveTheLogitsOfTheWholeSequence) {
  const Net net({.model = kTiny, .vocabulary = kTinyVocabulary}, 5);
  const std::vector<TokenId> tokens = {0, 6, 2, 3, 3, 5};
  const std::vector<float> whole = TinyLogits(net, tokens);
  const auto cache = net.MakeCache(1, tokens.size());
  std::vector<float> logits(kTinyVocabulary);
  for (size_t place = 0; place < tokens.size(); ++place) {
    net.Append(*cache, std::span(tokens).subspan(place, 1), logits);
    for (size_t id = 0; id < kTinyVocabulary; ++id) {
      EXPECT_NEAR(logits[id], whole[place * kTinyVocabulary + id], 1e-5) << place;
    }
  }
}

}  // namespace
}  // namespace hlwq::study
