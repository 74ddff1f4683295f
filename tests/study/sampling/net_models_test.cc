#include "study/sampling/net_models.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "study/sampling/autoregressive_sampler.h"
#include "study/sampling/masked_sampler.h"

namespace hlwq::study {
namespace {

constexpr size_t kSampledVocabulary = 19;
constexpr TokenId kSampleStart = 1;

Net MakeSampledNet(ObjectiveKind objective) {
  const ModelConfig model = {.layers = 2, .heads = 2, .width = 32, .hidden = 48, .window = 12};
  ArmConfig arm = {.objective = objective,
                   .has_time_embedding = objective == ObjectiveKind::kMaskedDiffusion};
  return Net(OptionsOf(model, arm, kSampledVocabulary), 5);
}

std::vector<std::vector<int32_t>> SampleBoth(const Net& net, size_t first, size_t count,
                                             uint64_t seed) {
  const std::vector<std::vector<int32_t>> prompts(count, {3, 4});
  if (net.options().is_causal) {
    NetNextToken model(net, kSampleStart);
    return SampleAutoregressive(model, prompts, {.length = 12, .seed = seed}, first);
  }
  NetMaskedToken model(net);
  return SampleMasked(model, prompts, {.length = 12, .steps = 6, .seed = seed}, first);
}

// The start token is read first: logits of a place are those of a window behind it, as in training.
TEST(NetNextToken, GivesTheLogitsOfWholeWindows) {
  const Net net = MakeSampledNet(ObjectiveKind::kAutoregressive);
  NetNextToken model(net, kSampleStart);
  EXPECT_EQ(model.window(), 12);
  const std::vector<TokenId> window = {kSampleStart, 5, 7, 7, 0},
                             other = {kSampleStart, 2, 9, 18, 4};
  std::vector<TokenId> both = window;
  both.insert(both.end(), other.begin(), other.end());
  std::vector<float> whole(2 * window.size() * kSampledVocabulary), step(2 * kSampledVocabulary);
  net.Logits({both, 2, window.size()}, {}, whole);
  model.Begin(2, 12, step);
  for (size_t at = 0; at < window.size(); ++at) {
    if (at > 0) model.Append(std::vector<TokenId>{window[at], other[at]}, step);
    for (size_t token = 0; token < kSampledVocabulary; ++token) {
      EXPECT_NEAR(step[token], whole[at * kSampledVocabulary + token], 1e-4);
      EXPECT_NEAR(step[kSampledVocabulary + token],
                  whole[(window.size() + at) * kSampledVocabulary + token], 1e-4);
    }
  }
}

TEST(NetMaskedToken, TellsTheNetTheTime) {
  const Net net = MakeSampledNet(ObjectiveKind::kMaskedDiffusion);
  NetMaskedToken model(net);
  const std::vector<TokenId> tokens(12, model.mask_token());
  std::vector<float> early(12 * kSampledVocabulary), late(early), direct(early);
  model.Predict(tokens, std::vector<double>{0.9}, early);
  model.Predict(tokens, std::vector<double>{0.1}, late);
  net.Logits({tokens, 1, 12}, std::vector<double>{0.1}, direct);
  EXPECT_EQ(late, direct);
  EXPECT_NE(early, late);
}

TEST(NetModels, GiveTheSameSamplesInAnyBatch) {
  for (const ObjectiveKind kind :
       {ObjectiveKind::kAutoregressive, ObjectiveKind::kMaskedDiffusion}) {
    const Net net = MakeSampledNet(kind);
    const auto together = SampleBoth(net, 0, 6, 9);
    EXPECT_EQ(SampleBoth(net, 0, 6, 9), together);
    auto apart = SampleBoth(net, 0, 4, 9);
    const auto rest = SampleBoth(net, 4, 2, 9);
    apart.insert(apart.end(), rest.begin(), rest.end());
    EXPECT_EQ(apart, together);
    EXPECT_NE(SampleBoth(net, 0, 6, 10), together);
    for (const auto& tokens : together) {
      EXPECT_EQ(tokens.size(), 12);
      EXPECT_EQ(tokens[0], 3);
      EXPECT_LT(*std::ranges::max_element(tokens), static_cast<int32_t>(kSampledVocabulary));
    }
  }
}

}  // namespace
}  // namespace hlwq::study
