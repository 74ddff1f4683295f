#include "model/delta_layer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "kernels/causal_conv.h"
#include "kernels/delta_rule.h"
#include "kernels/vector_ops.h"
#include "model/workspace.h"

namespace hlwq::model {

DeltaConfig DeltaConfigOf(const ModelConfig& config, size_t layer) noexcept {
  const auto& sizes = config.sizes;
  return {.layer = layer,
          .key_heads = sizes.key_heads,
          .value_heads = sizes.value_heads,
          .key_dim = sizes.key_dim,
          .value_dim = sizes.value_dim,
          .conv_kernel = sizes.conv_kernel,
          .norm_epsilon = config.norm_epsilon};
}

DeltaLayer::DeltaLayer(const DeltaConfig& config, DeltaWeights weights)
    : config_(config), weights_(std::move(weights)) {}

InputForms DeltaLayer::forms() const noexcept {
  InputForms forms;
  for (const PlacedLinear& input : weights_.inputs) forms = forms | input.linear.forms();
  return forms;
}

uint64_t DeltaLayer::bytes_per_token() const noexcept {
  uint64_t bytes = weights_.out.bytes();
  for (const PlacedLinear& input : weights_.inputs) bytes += input.linear.bytes();
  return bytes;
}

void DeltaLayer::Run(const Pass& pass) const {
  Workspace& work = pass.work;
  DeltaScratch& delta = work.delta;
  delta.products.clear();
  const TokenCount count = CountOf(pass);
  const TokenRange all = {0, pass.tokens};
  for (const PlacedLinear& input : weights_.inputs) {
    delta.products.push_back(
        Times(input.linear, work.hidden, count,
              delta.inputs[all].Columns(input.column, input.linear.shape().out)));
  }
  Multiply(pass, delta.products);
  ForTokenRanges(pass, [&](TokenRange tokens) {
    Convolve(pass, tokens);
    NormKeysAndQueries(delta, tokens);
    MakeGates(delta, tokens);
  });
  KeepInputs(pass);
  RunHeads(pass);
  ForTokenRanges(pass, [&](TokenRange tokens) {
    const auto z = delta.inputs[tokens].Columns(config_.z(), config_.value_width());
    kernels::GatedRmsNorm(delta.outputs[tokens], weights_.norm.span(), config_.norm_epsilon, z,
                          delta.outputs[tokens]);
    delta.outputs.Seal(tokens, weights_.out.forms());
  });
  std::array output = {Times(weights_.out, delta.outputs, count, work.update[all])};
  Multiply(pass, output);
}

// Taps that lie before the tokens of the pass come from the state.
void DeltaLayer::Convolve(const Pass& pass, TokenRange tokens) const noexcept {
  DeltaScratch& delta = pass.work.delta;
  const size_t channels = config_.channels();
  ForEachSegment(pass, tokens, [&](const Segment& segment, TokenRange part) {
    kernels::ConvSilu({segment.state->Inputs(config_.layer), channels},
                      delta.inputs[{segment.begin, segment.end}].Columns(0, channels),
                      weights_.conv.span(), {part.begin - segment.begin, part.end - segment.begin},
                      delta.mixed[part]);
  });
}

void DeltaLayer::NormKeysAndQueries(DeltaScratch& delta, TokenRange tokens) const noexcept {
  const auto mixed = delta.mixed[tokens];
  const size_t width = config_.key_width();
  const float q_scale = 1 / std::sqrt(static_cast<float>(config_.key_dim));
  kernels::L2Normalize(config_.key_dim, q_scale, mixed.Columns(0, width));
  kernels::L2Normalize(config_.key_dim, 1, mixed.Columns(width, width));
}

void DeltaLayer::MakeGates(DeltaScratch& delta, TokenRange tokens) const noexcept {
  const auto inputs = delta.inputs[tokens];
  kernels::DeltaGates(inputs.Columns(config_.a(), config_.value_heads),
                      inputs.Columns(config_.b(), config_.value_heads), weights_.a_log.span(),
                      weights_.dt_bias.span(), delta.log_alpha[tokens], delta.beta[tokens]);
}

// Once all tokens are convolved.
void DeltaLayer::KeepInputs(const Pass& pass) const noexcept {
  DeltaScratch& delta = pass.work.delta;
  const size_t before = config_.conv_kernel - 1;
  const size_t channels = config_.channels();
  for (const Segment& segment : pass.segments) {
    const std::span<float> kept = segment.state->Inputs(config_.layer);
    const size_t tokens = std::min(segment.size(), before);
    std::copy(kept.begin() + static_cast<ptrdiff_t>(tokens * channels), kept.end(), kept.begin());
    for (size_t token = 0; token < tokens; ++token) {
      std::copy_n(delta.inputs[segment.end - tokens + token].data(), channels,
                  kept.data() + (before - tokens + token) * channels);
    }
  }
}

void DeltaLayer::RunHeads(const Pass& pass) const noexcept {
  DeltaScratch& delta = pass.work.delta;
  const size_t heads = config_.value_heads;
  const size_t state_floats = config_.key_dim * config_.value_dim;
  pass.pool.ParallelFor(pass.segments.size() * heads, 1, [&](size_t begin, size_t end, int) {
    for (size_t unit = begin; unit < end; ++unit) {
      const Segment& segment = pass.segments[unit / heads];
      const size_t head = unit % heads;
      const size_t key_head = head / (heads / config_.key_heads);
      const float* mixed = delta.mixed[segment.begin].data();
      kernels::DeltaRule(
          {.key_dim = config_.key_dim,
           .value_dim = config_.value_dim,
           .tokens = segment.size(),
           .q = mixed + key_head * config_.key_dim,
           .k = mixed + config_.key_width() + key_head * config_.key_dim,
           .key_stride = delta.mixed.width,
           .v = mixed + 2 * config_.key_width() + head * config_.value_dim,
           .value_stride = delta.mixed.width,
           .log_alpha = delta.log_alpha[segment.begin].data() + head,
           .beta = delta.beta[segment.begin].data() + head,
           .gate_stride = heads,
           .out = delta.outputs[{segment.begin, segment.end}].data + head * config_.value_dim,
           .out_stride = config_.value_width()},
          segment.state->Memory(config_.layer).subspan(head * state_floats, state_floats));
    }
  });
}

}  // namespace hlwq::model
