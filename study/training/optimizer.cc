#include "study/training/optimizer.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hlwq::study {

double LearningRate(const TrainingConfig& config, size_t step) noexcept {
  if (step < config.warmup_steps) {
    return config.learning_rate * static_cast<double>(step + 1) /
           static_cast<double>(config.warmup_steps);
  }
  const double length = static_cast<double>(
      std::max<size_t>(1, config.steps - std::min(config.steps, config.warmup_steps)));
  const double place = std::min(1.0, static_cast<double>(step - config.warmup_steps) / length);
  const double share = config.final_learning_rate + (1 - config.final_learning_rate) * 0.5 *
                                                        (1 + std::cos(std::numbers::pi * place));
  return config.learning_rate * share;
}

namespace {

struct Slot {
  std::string name;
  at::Tensor weight, first, second, average;
  double decay = 0;
};

struct Update {
  float rate, decay, beta1, beta2, correction1, correction2, epsilon, clip, ema;
};

// On this machine's processor: all of it in one pass over memory.
void UpdateHere(Slot& slot, const Update& update) {
  float* const weight = slot.weight.data_ptr<float>();
  const at::Tensor gradient_tensor = slot.weight.grad().contiguous();
  const float* const gradient = gradient_tensor.data_ptr<float>();
  float* const first = slot.first.data_ptr<float>();
  float* const second = slot.second.data_ptr<float>();
  float* const average = slot.average.defined() ? slot.average.data_ptr<float>() : nullptr;
  at::parallel_for(0, slot.weight.numel(), 16384, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      const float g = gradient[index] * update.clip;
      first[index] = update.beta1 * first[index] + (1 - update.beta1) * g;
      second[index] = update.beta2 * second[index] + (1 - update.beta2) * g * g;
      const float step = first[index] * update.correction1 /
                         (std::sqrt(second[index] * update.correction2) + update.epsilon);
      weight[index] -= update.rate * (step + update.decay * weight[index]);
    }
    if (average == nullptr) return;
    for (int64_t index = begin; index < end; ++index) {
      average[index] = update.ema * average[index] + (1 - update.ema) * weight[index];
    }
  });
}

// Elsewhere: by libtorch's operations.
void UpdateThere(Slot& slot, const Update& update) {
  const at::Tensor gradient = slot.weight.grad() * update.clip;
  slot.first.mul_(update.beta1).add_(gradient, 1 - update.beta1);
  slot.second.mul_(update.beta2).addcmul_(gradient, gradient, 1 - update.beta2);
  const at::Tensor root = (slot.second * update.correction2).sqrt_().add_(update.epsilon);
  slot.weight.mul_(1 - update.rate * update.decay);
  slot.weight.addcdiv_(slot.first, root, -update.rate * update.correction1);
  if (slot.average.defined()) slot.average.lerp_(slot.weight, 1 - update.ema);
}

}  // namespace

struct Optimizer::Impl {
  TrainingConfig config;
  std::vector<Slot> slots;
};

Optimizer::Optimizer(const Net& net, const TrainingConfig& config, double weight_decay)
    : impl_(std::make_unique<Impl>(Impl{config, {}})) {
  const at::NoGradGuard no_gradients;
  for (const auto& [name, weight] : net.parameters()) {
    Slot slot = {.name = name, .weight = weight};
    slot.first = at::zeros_like(weight);
    slot.second = at::zeros_like(weight);
    if (config.ema > 0) slot.average = weight.detach().clone();
    slot.decay = weight.dim() > 1 ? weight_decay : 0;
    impl_->slots.push_back(std::move(slot));
  }
}

Optimizer::~Optimizer() = default;

bool Optimizer::has_averages() const noexcept { return impl_->config.ema > 0; }

double Optimizer::Step(size_t step, std::string& broken) {
  const at::NoGradGuard no_gradients;
  const TrainingConfig& config = impl_->config;
  std::vector<at::Tensor> norms;
  for (const Slot& slot : impl_->slots) {
    if (slot.weight.grad().defined()) norms.push_back(slot.weight.grad().norm().to(at::kDouble));
  }
  const double norm = at::stack(norms).norm().item<double>();
  if (!std::isfinite(norm)) {
    for (const Slot& slot : impl_->slots) {
      if (slot.weight.grad().defined() && !at::isfinite(slot.weight.grad()).all().item<bool>()) {
        broken = slot.name;
        return norm;
      }
    }
    broken = "the norm of all gradients";
    return norm;
  }
  const double count = static_cast<double>(step + 1);
  Update update = {
      .rate = static_cast<float>(LearningRate(config, step)),
      .decay = 0,
      .beta1 = static_cast<float>(config.beta1),
      .beta2 = static_cast<float>(config.beta2),
      .correction1 = static_cast<float>(1 / (1 - std::pow(config.beta1, count))),
      .correction2 = static_cast<float>(1 / (1 - std::pow(config.beta2, count))),
      .epsilon = static_cast<float>(config.epsilon),
      .clip = config.clip_norm > 0 && norm > config.clip_norm
                  ? static_cast<float>(config.clip_norm / norm)
                  : 1.0f,
      // Early on the average is that of the few steps there were.
      .ema = static_cast<float>(std::min(config.ema, count / (count + 9))),
  };
  for (Slot& slot : impl_->slots) {
    if (!slot.weight.grad().defined()) continue;
    update.decay = static_cast<float>(slot.decay);
    if (slot.weight.is_cuda()) {
      UpdateThere(slot, update);
    } else {
      UpdateHere(slot, update);
    }
    slot.weight.mutable_grad().zero_();
  }
  return norm;
}

void Optimizer::SwapAverages() {
  const at::NoGradGuard no_gradients;
  for (Slot& slot : impl_->slots) {
    if (!slot.average.defined()) continue;
    const at::Tensor weight = slot.weight.detach().clone();
    slot.weight.copy_(slot.average);
    slot.average.copy_(weight);
  }
}

std::vector<std::pair<std::string, at::Tensor>> Optimizer::State() const {
  std::vector<std::pair<std::string, at::Tensor>> state;
  for (const Slot& slot : impl_->slots) {
    state.emplace_back("adam.m." + slot.name, slot.first);
    state.emplace_back("adam.v." + slot.name, slot.second);
    if (slot.average.defined()) state.emplace_back("ema." + slot.name, slot.average);
  }
  return state;
}

}  // namespace hlwq::study
