#include <gtest/gtest.h>

#include "study/sampling/autoregressive_sampler.h"
#include "study/sampling/masked_sampler.h"
#include "tests/study/sampling/known_models.h"
#include "tests/support/expect_error.h"

namespace hlwq::study {
namespace {

using Sequences = std::vector<std::vector<int32_t>>;

constexpr size_t kSamples = 30000;

// Three tokens of three that depend on each other.
KnownJoint MakeJoint() {
  KnownJoint joint = {.vocabulary = 3, .length = 3};
  double sum = 0;
  for (size_t code = 0; code < 27; ++code) {
    const bool is_likely = code % 3 == code / 9 || code % 7 == 1;
    sum +=
        joint.joint.emplace_back((is_likely ? 8.0 : 1.0) + static_cast<double>(MixBits(code) % 4));
  }
  for (double& share : joint.joint) share /= sum;
  return joint;
}

// Tokens at each place that do not depend on each other.
KnownJoint MakeFactorised() {
  KnownJoint joint = {.vocabulary = 3, .length = 3};
  constexpr double kShares[3][3] = {{0.7, 0.2, 0.1}, {0.05, 0.9, 0.05}, {0.3, 0.3, 0.4}};
  for (size_t code = 0; code < 27; ++code) {
    joint.joint.push_back(kShares[0][code % 3] * kShares[1][code / 3 % 3] * kShares[2][code / 9]);
  }
  return joint;
}

std::vector<size_t> CountCodes(const Sequences& sequences) {
  std::vector<size_t> counts(27);
  for (const auto& tokens : sequences) {
    EXPECT_EQ(tokens.size(), 3);
    ++counts[static_cast<size_t>(tokens[0] + 3 * tokens[1] + 9 * tokens[2])];
  }
  return counts;
}

double OffOf(const KnownJoint& joint, const Sequences& sequences) {
  return ChiSquare(joint.joint, CountCodes(sequences));
}

const Sequences kStarts(kSamples);  // empty

Sequences Masked(const KnownJoint& joint, const MaskedOptions& options) {
  KnownMaskedToken model(joint);
  return SampleMasked(model, kStarts, options);
}

TEST(SampleAutoregressive, HasTheDistributionOfTheModel) {
  KnownNextToken model(MakeJoint());
  const Sequences sequences = SampleAutoregressive(model, kStarts, {.length = 3, .seed = 5});
  EXPECT_LT(OffOf(MakeJoint(), sequences), ChiSquareBound(27));
  EXPECT_GT(OffOf(MakeFactorised(), sequences), ChiSquareBound(27));
}

TEST(SampleAutoregressive, DependsOnSeedAndPlaceAlone) {
  KnownNextToken model(MakeJoint());
  const AutoregressiveOptions options = {.length = 3, .seed = 9};
  const auto starts = std::span(kStarts).first(100);
  const Sequences together = SampleAutoregressive(model, starts, options, 40);
  EXPECT_EQ(SampleAutoregressive(model, starts.first(30), options, 110),
            Sequences(together.begin() + 70, together.end()));
  EXPECT_NE(SampleAutoregressive(model, starts, {.length = 3, .seed = 10}, 40), together);
}

TEST(SampleAutoregressive, EndsAtTheEndAndGoesOnFromPrompts) {
  KnownNextToken model(MakeJoint());
  const Sequences prompts = {{1}, {}, {2, 2, 1}};
  const Sequences whole = SampleAutoregressive(model, prompts, {.length = 3});
  const Sequences cut = SampleAutoregressive(model, prompts, {.length = 3, .end = 2});
  for (size_t index = 0; index < prompts.size(); ++index) {
    std::vector<int32_t> expected = whole[index];
    EXPECT_EQ(expected.size(), 3);
    EXPECT_TRUE(std::equal(prompts[index].begin(), prompts[index].end(), expected.begin()));
    const auto end = std::find(expected.begin() + static_cast<ptrdiff_t>(prompts[index].size()),
                               expected.end(), 2);
    expected.erase(end, expected.end());
    EXPECT_EQ(cut[index], expected);
  }
}

// In one step all tokens are drawn at once, each from its marginal distribution; in many, one after another.
TEST(SampleMasked, OfIndependentTokensIsExactInAnyNumberOfSteps) {
  for (const size_t steps : {size_t{1}, size_t{2}, size_t{16}}) {
    for (const NoiseSchedule schedule : {NoiseSchedule::kLinear, NoiseSchedule::kCosine}) {
      const Sequences sequences =
          Masked(MakeFactorised(), {.length = 3, .steps = steps, .schedule = schedule});
      EXPECT_LT(OffOf(MakeFactorised(), sequences), ChiSquareBound(27)) << steps;
    }
  }
}

TEST(SampleMasked, OfDependentTokensIsExactInManySteps) {
  for (const NoiseSchedule schedule : {NoiseSchedule::kLinear, NoiseSchedule::kCosine}) {
    const auto off = [&](size_t steps) {
      return OffOf(MakeJoint(),
                   Masked(MakeJoint(), {.length = 3, .steps = steps, .schedule = schedule}));
    };
    EXPECT_LT(off(2000), ChiSquareBound(27));
    EXPECT_GT(off(1), ChiSquareBound(27));
  }
}

TEST(SampleMasked, InBlocksOfOneTokenIsAutoregressive) {
  for (const UnmaskOrder order : {UnmaskOrder::kAncestral, UnmaskOrder::kConfidence}) {
    const MaskedOptions options = {.length = 3, .steps = 1, .order = order, .block_tokens = 1};
    EXPECT_LT(OffOf(MakeJoint(), Masked(MakeJoint(), options)), ChiSquareBound(27));
  }
}

// However many steps: a sequence of three tokens costs at most three passes.
TEST(SampleMasked, AsksOnlyForSequencesThatChange) {
  KnownMaskedToken model(MakeFactorised());
  SampleMasked(model, kStarts, {.length = 3, .steps = 1000});
  EXPECT_LE(model.sequences, 3 * kSamples);
  EXPECT_GE(model.sequences, 2.95 * kSamples);
}

// Of two steps the first unmasks nothing with probability k^3, the second with (1 - k)^3, where k is the
// share that is masked halfway.
TEST(SampleMasked, UnmasksAsMuchInAStepAsTheScheduleSays) {
  for (const NoiseSchedule schedule : {NoiseSchedule::kLinear, NoiseSchedule::kCosine}) {
    const double k = schedule == NoiseSchedule::kLinear ? 0.5 : 1 - std::sqrt(0.5);
    KnownMaskedToken model(MakeFactorised());
    SampleMasked(model, kStarts, {.length = 3, .steps = 2, .schedule = schedule});
    const double passes = static_cast<double>(model.sequences) / kSamples;
    EXPECT_NEAR(passes, 2 - std::pow(k, 3) - std::pow(1 - k, 3), 5 * 0.5 / std::sqrt(kSamples));
  }
}

TEST(SampleMasked, UnmasksTheLikeliestFirstInTheOrderOfConfidence) {
  // Sees in which order places are unmasked.
  class Watcher final : public MaskedTokenModel {
   public:
    size_t vocabulary() const override { return 2; }
    size_t window() const override { return 5; }
    int32_t mask_token() const override { return 2; }
    void Predict(std::span<const int32_t> tokens, std::span<const double> times,
                 std::span<float> logits) override {
      seen.emplace_back(tokens.begin(), tokens.end());
      EXPECT_NEAR(times[0], static_cast<double>(std::ranges::count(tokens, 2)) / 4, 1e-12);
      constexpr float kSure[] = {0, 1, 4, 2, 3};
      for (size_t place = 0; place < 5; ++place) {
        logits[2 * place] = 0;
        logits[2 * place + 1] = kSure[place];
      }
    }
    Sequences seen;
  } model;
  const Sequences made = SampleMasked(
      model, Sequences{{0}},
      {.draw = {.temperature = 0}, .length = 5, .steps = 4, .order = UnmaskOrder::kConfidence});
  EXPECT_EQ(model.seen,
            (Sequences{{0, 2, 2, 2, 2}, {0, 2, 1, 2, 2}, {0, 2, 1, 2, 1}, {0, 2, 1, 1, 1}}));
  EXPECT_EQ(made, (Sequences{{0, 1, 1, 1, 1}}));
}

TEST(SampleMasked, DependsOnSeedAndPlaceAlone) {
  const auto starts = std::span(kStarts).first(60);
  for (const size_t block : {size_t{0}, size_t{2}}) {
    KnownMaskedToken model(MakeJoint());
    MaskedOptions options = {.length = 3, .steps = 8, .block_tokens = block, .seed = 3};
    const Sequences together = SampleMasked(model, starts, options, 5);
    EXPECT_EQ(SampleMasked(model, starts.first(20), options, 45),
              Sequences(together.begin() + 40, together.end()));
    options.seed = 4;
    EXPECT_NE(SampleMasked(model, starts, options, 5), together);
  }
}

TEST(Samplers, RefuseWhatDoesNotFit) {
  KnownMaskedToken masked(MakeJoint());
  KnownNextToken next(MakeJoint());
  const auto expect = [&](const std::vector<int32_t>& prompt, size_t length,
                          std::string_view part) {
    const Sequences prompts = {prompt};
    test::ExpectError(ErrorCode::kInvalidArgument, part,
                      [&] { SampleMasked(masked, prompts, {.length = length, .steps = 1}); });
    test::ExpectError(ErrorCode::kInvalidArgument, part,
                      [&] { SampleAutoregressive(next, prompts, {.length = length}); });
  };
  expect({0, 0, 0}, 2, "want at most 2");
  expect({3}, 3, "want one below 3");
  expect({0}, 4, "the model's window is 3");
  test::ExpectError(ErrorCode::kInvalidArgument, "steps",
                    [&] { SampleMasked(masked, kStarts, {.length = 3}); });
}

}  // namespace
}  // namespace hlwq::study
