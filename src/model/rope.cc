#include "model/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hlwq::model {
namespace {

using checkpoint::RopeConfig;
using checkpoint::RopeScaling;

// f_i = theta^(-2i / r).
double Plain(double theta, size_t i, size_t rotated) {
  return std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(rotated));
}

// Wavelengths below n / high stay, those over n / low are divided by S, between them a blend.
double Llama3(const RopeConfig& rope, double frequency) {
  const double turns = rope.original_positions * frequency / (2 * std::numbers::pi);
  const double stay = std::clamp(
      (turns - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor), 0.0, 1.0);
  return (1 - stay) * frequency / rope.factor + stay * frequency;
}

// Frequencies of more than beta_fast turns within the original positions stay, those of less than
// beta_slow are divided by S, with a ramp over the index between them.
double Yarn(const RopeConfig& rope, size_t i, double frequency) {
  const auto r = static_cast<double>(rope.rotated);
  const auto index_of_turns = [&](double turns) {
    return r * std::log(rope.original_positions / (2 * std::numbers::pi * turns)) /
           (2 * std::log(rope.theta));
  };
  double low = index_of_turns(rope.beta_fast);
  double high = index_of_turns(rope.beta_slow);
  if (rope.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, r - 1);
  if (low == high) high += 0.001;
  const double divide = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
  return divide * frequency / rope.factor + (1 - divide) * frequency;
}

double Scaled(const RopeConfig& rope, size_t i) {
  const double frequency = Plain(rope.theta, i, rope.rotated);
  switch (rope.scaling) {
    case RopeScaling::kNone:
    case RopeScaling::kDynamic:
      return frequency;
    case RopeScaling::kLinear:
      return frequency / rope.factor;
    case RopeScaling::kLlama3:
      return Llama3(rope, frequency);
    case RopeScaling::kYarn:
      return Yarn(rope, i, frequency);
  }
  return frequency;
}

// The base that dynamic scaling uses for a sequence of `length` tokens.
double DynamicTheta(const RopeConfig& rope, double length) {
  const auto r = static_cast<double>(rope.rotated);
  const double stretch = rope.factor * length / rope.original_positions - (rope.factor - 1);
  return rope.theta * std::pow(stretch, r / (r - 2));
}

}  // namespace

Rope::Rope(const checkpoint::RopeConfig& config)
    : config_(config), frequencies_(config.rotated / 2) {
  for (size_t i = 0; i < frequencies_.size(); ++i) {
    frequencies_[i] = static_cast<float>(Scaled(config, i));
  }
}

void Rope::Angles(size_t position, size_t length, kernels::RowSpan<float> cosines,
                  kernels::RowSpan<float> sines) const {
  const bool is_stretched = config_.scaling == checkpoint::RopeScaling::kDynamic &&
                            static_cast<double>(length) > config_.original_positions;
  const double theta =
      is_stretched ? DynamicTheta(config_, static_cast<double>(length)) : config_.theta;
  for (size_t i = 0; i < pairs(); ++i) {
    const float frequency =
        is_stretched ? static_cast<float>(Plain(theta, i, config_.rotated)) : frequencies_[i];
    for (size_t token = 0; token < cosines.rows; ++token) {
      // Angles in float32, as the models were trained with: at position 10,000 its rounding is seen.
      const double angle = static_cast<float>(position + token) * frequency;
      cosines[token][i] = static_cast<float>(config_.magnitude * std::cos(angle));
      sines[token][i] = static_cast<float>(config_.magnitude * std::sin(angle));
    }
  }
}

}  // namespace hlwq::model
