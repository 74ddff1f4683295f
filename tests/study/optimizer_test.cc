#include "study/training/optimizer.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <limits>

namespace hlwq::study {
namespace {

constexpr ModelConfig kModel = {.layers = 1, .heads = 1, .width = 4, .hidden = 6, .window = 4};

TrainingConfig Training() {
  TrainingConfig config;
  config.steps = 10;
  config.warmup_steps = 2;
  config.learning_rate = 0.01;
  config.clip_norm = 0;
  return config;
}

void SetGradients(const Net& net, double scale) {
  int64_t number = 0;
  for (const auto& parameter : net.parameters()) {
    const at::Tensor steps =
        at::arange(parameter.second.numel(), at::kFloat).view(parameter.second.sizes());
    parameter.second.mutable_grad() = at::sin(steps + static_cast<double>(++number)) * scale;
  }
}

TEST(Optimizer, StepsAreThoseOfLibtorch) {
  const Net ours({.model = kModel, .vocabulary = 5}, 1),
      theirs({.model = kModel, .vocabulary = 5}, 1);
  const TrainingConfig config = Training();
  Optimizer optimizer(ours, config, 0.1);
  std::vector<at::Tensor> matrices, norms;
  for (const auto& parameter : theirs.parameters()) {
    (parameter.second.dim() > 1 ? matrices : norms).push_back(parameter.second);
  }
  std::vector<torch::optim::OptimizerParamGroup> groups = {
      torch::optim::OptimizerParamGroup(matrices), torch::optim::OptimizerParamGroup(norms)};
  for (auto& group : groups) group.set_options(std::make_unique<torch::optim::AdamWOptions>());
  torch::optim::AdamW reference(groups);
  for (size_t step = 0; step < 5; ++step) {
    SetGradients(ours, 1.0 + static_cast<double>(step));
    SetGradients(theirs, 1.0 + static_cast<double>(step));
    for (size_t group = 0; group < 2; ++group) {
      auto& options =
          static_cast<torch::optim::AdamWOptions&>(reference.param_groups()[group].options());
      options.lr(LearningRate(config, step)).betas({0.9, 0.95}).weight_decay(group == 0 ? 0.1 : 0);
    }
    std::string broken;
    optimizer.Step(step, broken);
    reference.step();
    EXPECT_EQ(broken, "");
  }
  for (size_t index = 0; index < ours.parameters().size(); ++index) {
    EXPECT_TRUE(at::allclose(ours.parameters()[index].second, theirs.parameters()[index].second,
                             1e-5, 1e-7))
        << ours.parameters()[index].first;
  }
}

TEST(Optimizer, ClippedGradientsHaveTheNormThatIsWanted) {
  const Net small({.model = kModel, .vocabulary = 5}, 1),
      large({.model = kModel, .vocabulary = 5}, 1);
  TrainingConfig config = Training();
  config.epsilon = 1;  // so that the size of a gradient shows in a step
  config.clip_norm = 0.5;
  Optimizer one(small, config, 0), two(large, config, 0);
  SetGradients(small, 10);
  SetGradients(large, 1000);
  std::string broken;
  const double norm = one.Step(0, broken);
  EXPECT_NEAR(two.Step(0, broken) / norm, 100, 1e-3);
  for (size_t index = 0; index < small.parameters().size(); ++index) {
    EXPECT_TRUE(at::allclose(small.parameters()[index].second, large.parameters()[index].second,
                             1e-5, 1e-7));
  }
}

TEST(Optimizer, AGradientThatIsNoNumberChangesNothingAndIsNamed) {
  const Net net({.model = kModel, .vocabulary = 5}, 1);
  Optimizer optimizer(net, Training(), 0.1);
  SetGradients(net, 1);
  const auto& [name, weight] = net.parameters()[2];
  weight.grad().flatten()[1] = std::numeric_limits<float>::infinity();
  const at::Tensor before = net.parameters()[0].second.detach().clone();
  std::string broken;
  optimizer.Step(0, broken);
  EXPECT_EQ(broken, name);
  EXPECT_TRUE(at::equal(net.parameters()[0].second, before));
}

TEST(Optimizer, LearningRateWarmsUpAndFallsToItsShare) {
  const TrainingConfig config = Training();
  EXPECT_DOUBLE_EQ(LearningRate(config, 0), 0.005);
  EXPECT_DOUBLE_EQ(LearningRate(config, 1), 0.01);
  EXPECT_DOUBLE_EQ(LearningRate(config, 2), 0.01);
  EXPECT_NEAR(LearningRate(config, 6), 0.0055, 1e-12);
  EXPECT_NEAR(LearningRate(config, 10), 0.001, 1e-12);
}

TEST(Optimizer, AveragesSwapWithTheWeightsAndBack) {
  const Net net({.model = kModel, .vocabulary = 5}, 1);
  TrainingConfig config = Training();
  config.ema = 0.5;
  Optimizer optimizer(net, config, 0);
  SetGradients(net, 1);
  const at::Tensor weight = net.parameters()[0].second;
  const at::Tensor start = weight.detach().clone();
  std::string broken;
  optimizer.Step(0, broken);
  const at::Tensor stepped = weight.detach().clone();
  optimizer.SwapAverages();
  // The first average keeps a tenth of the start, at most `ema`.
  EXPECT_TRUE(at::allclose(weight, start * 0.1 + stepped * 0.9, 1e-5, 1e-7));
  optimizer.SwapAverages();
  EXPECT_TRUE(at::equal(weight, stepped));
}

}  // namespace
}  // namespace hlwq::study
