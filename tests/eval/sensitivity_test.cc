#include "eval/sensitivity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>

#include "checkpoint/projections.h"
#include "eval/distribution_error.h"
#include "eval/round_trips.h"
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

DivergenceOptions Coded(std::string_view codec, int bits) {
  codec::CodecSpec spec = codec::DefaultSpec(codec);
  spec.bits = bits;
  const auto change = std::make_shared<const CodecRoundTrip>(kernels::CpuBackend().MakeCodec(spec));
  return {.probes = kProbes, .change = [change](size_t) { return change; }, .threads = 2};
}

std::vector<double> Divergences(const std::vector<std::vector<size_t>>& groups, int bits) {
  return MeasureDivergences(Open, groups, Probes(), Coded(codec::kHlwqCodec, bits));
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

TEST(Probes, HaveTheirTemperaturesInTurn) {
  runtime::Engine engine = OpenEngine();
  constexpr std::array kTemperatures = {1.0f, 0.01f};
  ProbeOptions options = kProbes;
  options.temperatures = kTemperatures;
  const std::vector<TokenId> mixed = MakeProbes(engine, options), own = Probes();
  const auto is_same = [&](size_t sequence) {
    const auto begin = static_cast<ptrdiff_t>(sequence * kProbes.tokens);
    return std::equal(mixed.begin() + begin, mixed.begin() + begin + kProbes.tokens,
                      own.begin() + begin);
  };
  EXPECT_TRUE(is_same(0));
  EXPECT_FALSE(is_same(1));
  EXPECT_TRUE(is_same(2));
  EXPECT_EQ(mixed[kProbes.tokens], own[kProbes.tokens]) << "the same random token";
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

// Of the model with one group coded, all layers in one pass.
double WholePassDivergence(const std::filesystem::path& folder, const std::vector<size_t>& group,
                           const std::vector<TokenId>& probes, const DivergenceOptions& options) {
  const auto logits_of = [&](runtime::Engine engine) {
    runtime::SequenceState state =
        engine.MakeState({.format = DType::kF32, .capacity = options.probes.tokens});
    std::vector<std::vector<float>> rows;
    for (size_t begin = 0; begin < probes.size(); begin += options.probes.tokens) {
      state.Clear();
      engine.Feed(
          state, std::span(probes).subspan(begin, options.probes.tokens), model::LogitsOf::kAll,
          [&](size_t, std::span<const float> row) { rows.emplace_back(row.begin(), row.end()); });
    }
    return rows;
  };
  checkpoint::Checkpoint coded = checkpoint::OpenCheckpoint(folder);
  for (const size_t tensor : group) {
    checkpoint::TensorEntry& entry = coded.tensors[tensor];
    entry.storage = checkpoint::DerivedStorage{std::make_shared<checkpoint::TensorEntry>(entry), 0,
                                               options.change(tensor)};
    entry.dtype = DType::kF32;
  }
  const auto want = logits_of(runtime::Engine(folder, {.threads = 2}));
  const auto got = logits_of(runtime::Engine(std::move(coded), {.threads = 2}));
  double sum = 0;
  for (size_t token = 0; token < want.size(); ++token) {
    sum += CompareLogits(Prediction(want[token]), 0, Prediction(got[token]), 0).kl;
  }
  return sum / static_cast<double>(want.size());
}

// A model with its probes, and its matrices by layer and role.
struct Probed {
  std::filesystem::path folder;
  std::vector<TokenId> probes;
  std::vector<std::vector<size_t>> groups;
  std::vector<checkpoint::TensorSpec> specs;  // of the first tensor of each group

  explicit Probed(const char* name) : folder(test::Golden("good/models") / name) {
    runtime::Engine engine(folder, {.threads = 2});
    probes = MakeProbes(engine, kProbes);
    const checkpoint::Classified classified =
        checkpoint::ClassifyTensors(engine.model().checkpoint());
    std::map<std::pair<int, checkpoint::Role>, std::vector<size_t>> by_role;
    for (size_t tensor = 0; tensor < classified.specs.size(); ++tensor) {
      const checkpoint::TensorSpec& spec = classified.specs[tensor];
      const bool is_outside =
          spec.role == checkpoint::Role::kEmbedding || spec.role == checkpoint::Role::kLmHead;
      if (is_outside || checkpoint::IsProjection(spec)) {
        by_role[{spec.layer, spec.role}].push_back(tensor);
      }
    }
    for (const auto& [key, tensors] : by_role) {
      groups.push_back(tensors);
      specs.push_back(classified.specs[tensors.front()]);
    }
  }

  std::vector<double> Measure(const DivergenceOptions& options) const {
    return MeasureDivergences([&] { return checkpoint::OpenCheckpoint(folder); }, groups, probes,
                              options);
  }
};

DivergenceOptions TrellisOptions(int bits) { return Coded(codec::kTrellisCodec, bits); }

constexpr const char* kKinds[] = {"llama-biases", "qwen3-moe", "qwen3_5_moe", "qwen3_next"};

// Layer by layer is to save work, not to change a figure: attention and delta nets, dense and mixed.
TEST(Divergences, LayerByLayerAreThoseOfWholePasses) {
  for (const char* name : kKinds) {
    SCOPED_TRACE(name);
    const Probed model(name);
    ASSERT_GT(model.groups.size(), 6u);
    const std::vector<double> found = model.Measure(TrellisOptions(3));
    for (size_t group = 0; group < model.groups.size(); ++group) {
      EXPECT_GT(found[group], 0) << model.specs[group].name;
      EXPECT_EQ(found[group], WholePassDivergence(model.folder, model.groups[group], model.probes,
                                                  TrellisOptions(3)))
          << model.specs[group].name;
    }
  }
}

TEST(Divergences, SharedByLayerAreExactWhereALayerHasOneGroup) {
  for (const char* name : kKinds) {
    SCOPED_TRACE(name);
    Probed model(name);
    std::set<int> layers;
    std::vector<std::vector<size_t>> first;
    for (size_t group = 0; group < model.groups.size(); ++group) {
      if (layers.insert(model.specs[group].layer).second) first.push_back(model.groups[group]);
    }
    model.groups = first;
    DivergenceOptions options = TrellisOptions(3);
    const std::vector<double> exact = model.Measure(options);
    options.shares_layers = true;
    const std::vector<double> shared = model.Measure(options);
    ASSERT_GT(exact.size(), 2u);
    for (size_t group = 0; group < exact.size(); ++group) {
      EXPECT_NEAR(shared[group], exact[group], 0.01 * exact[group]);
    }
  }
}

TEST(Divergences, SharedByLayerAddUpToWhatTheLayersDo) {
  for (const char* name : kKinds) {
    SCOPED_TRACE(name);
    const Probed model(name);
    DivergenceOptions options = TrellisOptions(5);
    const std::vector<double> exact = model.Measure(options);
    options.shares_layers = true;
    const std::vector<double> shared = model.Measure(options);
    std::map<int, std::pair<double, double>> sums;
    for (size_t group = 0; group < exact.size(); ++group) {
      EXPECT_GT(shared[group], 0) << model.specs[group].name;
      sums[model.specs[group].layer].first += exact[group];
      sums[model.specs[group].layer].second += shared[group];
    }
    for (const auto& [layer, sum] : sums) {
      EXPECT_GT(sum.second, 0.4 * sum.first) << layer;
      EXPECT_LT(sum.second, 2.5 * sum.first) << layer;
    }
  }
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
