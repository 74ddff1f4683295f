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
  for (const PlacedLinear& input : weights_.inputs) {
    delta.products.push_back(Times(input.linear, work.hidden, CountOf(pass),
                                   delta.inputs.data.span().subspan(input.column),
                                   delta.inputs.width));
  }
  MultiplyAll(pass.pool, delta.products);
  Convolve(pass);
  KeepInputs(pass);
  ForEachToken(pass, [&](size_t token) { PrepareToken(work, token); });
  RunHeads(pass);
  ForEachToken(pass, [&](size_t token) { GateToken(work, token); });
  std::array output = {Times(weights_.out, delta.outputs, CountOf(pass), work.update.data.span(),
                             work.update.width)};
  MultiplyAll(pass.pool, output);
}

// Taps that lie before the tokens of the pass come from the state.
void DeltaLayer::Convolve(const Pass& pass) const noexcept {
  DeltaScratch& delta = pass.work.delta;
  const size_t channels = config_.channels();
  ForEachTokenOfSegments(pass, [&](size_t token, const Segment& segment, size_t offset) {
    const std::span<const float> earlier = segment.state->Inputs(config_.layer);
    const kernels::RowSpan<float> inputs = delta.inputs[{segment.begin, segment.end}];
    kernels::ConvSilu({earlier, channels}, inputs.Columns(0, channels), weights_.conv.span(),
                      {offset, offset + 1}, delta.mixed[token]);
  });
}

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

// Norms of q and k, and the gates.
void DeltaLayer::PrepareToken(Workspace& work, size_t token) const noexcept {
  DeltaScratch& delta = work.delta;
  const std::span<float> mixed = delta.mixed[token];
  const size_t width = config_.key_dim;
  const float q_scale = 1 / std::sqrt(static_cast<float>(width));
  for (size_t head = 0; head < 2 * config_.key_heads; ++head) {
    const std::span<float> row = mixed.subspan(head * width, width);
    kernels::L2Normalize(width, head < config_.key_heads ? q_scale : 1.0f, row);
  }
  const std::span<float> inputs = delta.inputs[token];
  kernels::DeltaGates(inputs.subspan(config_.a(), config_.value_heads),
                      inputs.subspan(config_.b(), config_.value_heads), weights_.a_log.span(),
                      weights_.dt_bias.span(), delta.log_alpha[token], delta.beta[token]);
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
           .out = delta.outputs.row(segment.begin).data() + head * config_.value_dim,
           .out_stride = config_.value_width()},
          segment.state->Memory(config_.layer).subspan(head * state_floats, state_floats));
    }
  });
}

void DeltaLayer::GateToken(Workspace& work, size_t token) const noexcept {
  DeltaScratch& delta = work.delta;
  const size_t width = config_.value_dim;
  const std::span<float> z = delta.inputs[token].subspan(config_.z(), config_.value_width());
  const std::span<float> row = delta.outputs.row(token);
  for (size_t begin = 0; begin < row.size(); begin += width) {
    kernels::GatedRmsNorm(row.subspan(begin, width), weights_.norm.span(), config_.norm_epsilon,
                          z.subspan(begin, width), row.subspan(begin, width));
  }
  delta.outputs.Seal(token, weights_.out.forms());
}

}  // namespace hlwq::model
