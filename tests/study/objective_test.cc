#include "study/objective/objective.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace hlwq::study {
namespace {

constexpr size_t kLength = 4, kVocabulary = 3;
constexpr TokenId kStartToken = 0;
const std::vector<TokenId> kWindow = {2, 0, 1, 1};

// A net far from uniform: its initial weights, several times as large.
Net SharpNet(bool is_causal, bool has_time_embedding = false) {
  Net net({.model = {.layers = 2, .heads = 2, .width = 8, .hidden = 12, .window = kLength},
           .vocabulary = kVocabulary,
           .is_causal = is_causal,
           .has_time_embedding = has_time_embedding},
          11);
  const at::NoGradGuard no_gradients;
  for (const auto& parameter : net.parameters()) {
    if (parameter.second.dim() > 1) parameter.second.detach().mul_(40);
  }
  return net;
}

// -log softmax(logits of `place`)[token], from what Net::Logits gives.
double CrossEntropyAt(const std::vector<float>& logits, size_t place, TokenId token) {
  const float* const row = logits.data() + place * kVocabulary;
  double total = 0;
  for (size_t id = 0; id < kVocabulary; ++id) total += std::exp(static_cast<double>(row[id]));
  return std::log(total) - row[token];
}

std::vector<float> LogitsOf(const Net& net, const std::vector<TokenId>& tokens) {
  std::vector<float> logits(tokens.size() * kVocabulary);
  net.Logits({tokens, 1, tokens.size()}, {}, logits);
  return logits;
}

// Cross-entropy of each masked place of kWindow, for each set of masked places.
std::vector<std::vector<double>> AllMaskings(const Net& net) {
  std::vector<std::vector<double>> losses(1u << kLength, std::vector<double>(kLength, 0));
  for (unsigned set = 1; set < losses.size(); ++set) {
    std::vector<TokenId> tokens = kWindow;
    for (size_t place = 0; place < kLength; ++place) {
      if (set >> place & 1) tokens[place] = net.mask_token();
    }
    const std::vector<float> logits = LogitsOf(net, tokens);
    for (size_t place = 0; place < kLength; ++place) {
      if (set >> place & 1) losses[set][place] = CrossEntropyAt(logits, place, kWindow[place]);
    }
  }
  return losses;
}

// The integral over t and all masks. Of a set of k places, weight times probability integrates to
// (k - 1)! (L - k)! / L!, whatever the schedule.
double ExactNelbo(const Net& net) {
  double nelbo = 0;
  const auto losses = AllMaskings(net);
  for (unsigned set = 1; set < losses.size(); ++set) {
    const auto count = static_cast<size_t>(__builtin_popcount(set));
    const double weight =
        std::tgamma(count) * std::tgamma(kLength - count + 1.0) / std::tgamma(kLength + 1.0);
    nelbo += weight * std::accumulate(losses[set].begin(), losses[set].end(), 0.0);
  }
  return nelbo;
}

// -log of the probability that unmasking one place after the other, in uniform order, gives the
// window: what the bound is a bound of.
double ExactNll(const Net& net) {
  const auto losses = AllMaskings(net);
  std::vector<size_t> order(kLength);
  std::iota(order.begin(), order.end(), size_t{0});
  double probability = 0, orders = 0;
  do {
    unsigned set = (1u << kLength) - 1;
    double nll = 0;
    for (const size_t place : order) {
      nll += losses[set][place];
      set &= ~(1u << place);
    }
    probability += std::exp(-nll);
    ++orders;
  } while (std::ranges::next_permutation(order).found);
  return -std::log(probability / orders);
}

ArmConfig Arm(ObjectiveKind objective, NoiseSchedule schedule = NoiseSchedule::kLinear,
              MaskedLoss loss = MaskedLoss::kNelbo) {
  return {.name = "arm", .objective = objective, .schedule = schedule, .loss = loss};
}

std::vector<TokenId> Repeated(size_t rows) {
  std::vector<TokenId> tokens;
  for (size_t row = 0; row < rows; ++row) {
    tokens.insert(tokens.end(), kWindow.begin(), kWindow.end());
  }
  return tokens;
}

TEST(Autoregressive, LossIsTheCrossEntropyOfEachTokenGivenThoseBefore) {
  const Net net = SharpNet(true);
  const auto objective = MakeObjective(Arm(ObjectiveKind::kAutoregressive), kStartToken);
  const std::vector<float> logits =
      LogitsOf(net, {kStartToken, kWindow[0], kWindow[1], kWindow[2]});
  double nll = 0;
  for (size_t place = 0; place < kLength; ++place) {
    nll += CrossEntropyAt(logits, place, kWindow[place]);
  }
  EXPECT_GT(nll, 1);
  EXPECT_NEAR(objective->Loss(net, {kWindow, 1, kLength}, {}, false).item<double>(), nll / kLength,
              1e-5);
  const auto scores = objective->Score(net, {Repeated(40), 40, kLength}, 1, 0);
  ASSERT_EQ(scores.size(), 40u);
  EXPECT_NEAR(scores[39].nll, nll, 1e-4);
  EXPECT_EQ(scores[39].noise_variance, 0);
}

TEST(MaskedDiffusion, ScoreIsTheExactBoundWithinItsError) {
  const Net net = SharpNet(false);
  const auto objective = MakeObjective(Arm(ObjectiveKind::kMaskedDiffusion), kStartToken);
  const double exact = ExactNelbo(net);
  double worst = 0;
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const WindowScore score = objective->Score(net, {kWindow, 1, kLength}, 1024, seed)[0];
    const double error = std::sqrt(score.noise_variance);
    EXPECT_GT(error, 0);
    EXPECT_LT(error, 0.2 * exact);
    worst = std::max(worst, std::abs(score.nll - exact) / error);
  }
  EXPECT_LT(worst, 4);
}

TEST(MaskedDiffusion, AWindowHasItsScoreWhateverElseIsScored) {
  const Net net = SharpNet(false);
  const auto objective = MakeObjective(Arm(ObjectiveKind::kMaskedDiffusion), kStartToken);
  std::vector<TokenId> windows = Repeated(30);
  windows[0] = 1;
  const auto few = objective->Score(net, {std::span(windows).first(2 * kLength), 2, kLength}, 7, 3);
  const auto all = objective->Score(net, {windows, 30, kLength}, 7, 3);
  ASSERT_EQ(all.size(), 30u);
  for (size_t window = 0; window < 2; ++window) {
    EXPECT_NEAR(all[window].nll, few[window].nll, 1e-4);
    EXPECT_GT(all[window].nll, 0);
  }
  EXPECT_NE(all[0].nll, all[1].nll);
}

TEST(MaskedDiffusion, TheBoundIsAboveTheLikelihoodItBounds) {
  const Net net = SharpNet(false);
  EXPECT_GT(ExactNelbo(net), ExactNll(net) + 1e-3);
}

TEST(MaskedDiffusion, TrainingLossHasTheBoundAsItsMeanForEverySchedule) {
  const Net net = SharpNet(false);
  const double exact = ExactNelbo(net) / kLength;
  constexpr size_t kRows = 64, kDraws = 60;
  const std::vector<TokenId> windows = Repeated(kRows);
  for (const NoiseSchedule schedule : {NoiseSchedule::kLinear, NoiseSchedule::kCosine}) {
    const auto objective =
        MakeObjective(Arm(ObjectiveKind::kMaskedDiffusion, schedule), kStartToken);
    double sum = 0, squares = 0;
    for (size_t draw = 0; draw < kDraws; ++draw) {
      const at::NoGradGuard no_gradients;
      const double loss =
          objective->Loss(net, {windows, kRows, kLength}, {.seed = 3, .step = draw}, false)
              .item<double>();
      sum += loss;
      squares += loss * loss;
    }
    const double mean = sum / kDraws;
    const double error = std::sqrt((squares / kDraws - mean * mean) / kDraws);
    EXPECT_LT(error, 0.1 * exact);
    EXPECT_NEAR(mean, exact, 4 * error) << static_cast<int>(schedule);
  }
}

TEST(MaskedDiffusion, UnweightedLossIsTheMeanOverWhatIsMasked) {
  const Net net = SharpNet(false);
  const auto objective = MakeObjective(
      Arm(ObjectiveKind::kMaskedDiffusion, NoiseSchedule::kCosine, MaskedLoss::kUnweighted),
      kStartToken);
  const Draw draw = {.seed = 9, .step = 4};
  const Corruption noise =
      Corrupt(kWindow, kLength, NoiseSchedule::kCosine, net.mask_token(), draw);
  ASSERT_FALSE(noise.masked.empty());
  const std::vector<float> logits = LogitsOf(net, noise.tokens);
  double sum = 0;
  for (const int64_t place : noise.masked) {
    sum += CrossEntropyAt(logits, static_cast<size_t>(place), kWindow[static_cast<size_t>(place)]);
  }
  EXPECT_NEAR(objective->Loss(net, {kWindow, 1, kLength}, draw, false).item<double>(),
              sum / static_cast<double>(noise.masked.size()), 1e-5);
}

TEST(MaskedDiffusion, NetsThatSeeTheTimeAreScoredAtTheTimesOfTheirMasks) {
  const Net net = SharpNet(false, true);
  const auto objective = MakeObjective(Arm(ObjectiveKind::kMaskedDiffusion), kStartToken);
  const WindowScore many = objective->Score(net, {kWindow, 1, kLength}, 2048, 1)[0];
  const WindowScore other = objective->Score(net, {kWindow, 1, kLength}, 2048, 2)[0];
  EXPECT_NEAR(many.nll, other.nll, 5 * std::sqrt(many.noise_variance + other.noise_variance));
  EXPECT_GT(many.nll, 0);
}

TEST(Objective, PartsOfABatchAddUpToIt) {
  const std::vector<TokenId> windows = Repeated(6);
  for (const ObjectiveKind kind :
       {ObjectiveKind::kAutoregressive, ObjectiveKind::kMaskedDiffusion}) {
    const Net net = SharpNet(kind == ObjectiveKind::kAutoregressive);
    const auto objective = MakeObjective(Arm(kind), kStartToken);
    const double whole =
        objective->Loss(net, {windows, 6, kLength}, {.seed = 1, .step = 2}, false).item<double>();
    double parts = 0;
    for (size_t first = 0; first < 6; first += 2) {
      const TokenGrid grid = {std::span(windows).subspan(first * kLength, 2 * kLength), 2, kLength};
      const Draw draw = {.seed = 1, .step = 2, .first_row = first, .batch_rows = 6};
      parts += objective->Loss(net, grid, draw, false).item<double>();
    }
    EXPECT_NEAR(parts, whole, 1e-5);
  }
}

TEST(Objective, GradientsAreTheSlopesOfTheLoss) {
  for (const ObjectiveKind kind :
       {ObjectiveKind::kAutoregressive, ObjectiveKind::kMaskedDiffusion}) {
    const Net net = SharpNet(kind == ObjectiveKind::kAutoregressive);
    const auto objective = MakeObjective(Arm(kind), kStartToken);
    const std::vector<TokenId> windows = Repeated(4);
    const auto loss = [&] {
      return objective->Loss(net, {windows, 4, kLength}, {.seed = 5, .step = 6}, false);
    };
    loss().backward();
    const at::NoGradGuard no_gradients;
    size_t steep = 0;
    for (const auto& [name, tensor] : net.parameters()) {
      float* const values = tensor.data_ptr<float>();
      for (int64_t index = 0; index < tensor.numel(); index += 1 + tensor.numel() / 3) {
        constexpr float kStep = 2e-3f;
        const float before = values[index];
        values[index] = before + kStep;
        const double above = loss().item<double>();
        values[index] = before - kStep;
        const double below = loss().item<double>();
        values[index] = before;
        const double slope = (above - below) / (2 * kStep);
        const double gradient = tensor.grad().flatten()[index].item<double>();
        EXPECT_NEAR(gradient, slope, 2e-3 + 0.02 * std::abs(slope)) << name << " " << index;
        steep += std::abs(slope) > 0.02;
      }
    }
    EXPECT_GT(steep, 10u);
  }
}

}  // namespace
}  // namespace hlwq::study
