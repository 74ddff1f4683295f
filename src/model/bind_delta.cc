#include "model/bind_delta.h"

#include <string>
#include <utility>
#include <vector>

namespace hlwq::model {
namespace {

// Takes rows of a fused matrix one stretch after the other.
class RowTaker {
 public:
  RowTaker(StoredMatrix matrix, std::vector<PlacedLinear>& inputs)
      : matrix_(matrix), inputs_(inputs) {}

  // The next `rows` rows go to `column`.
  void Take(size_t rows, size_t column) {
    inputs_.push_back({Linear(RowsOf(matrix_, {next_, next_ + rows}), {}), column});
    next_ += rows;
  }

 private:
  StoredMatrix matrix_;
  std::vector<PlacedLinear>& inputs_;
  size_t next_ = 0;
};

// qwen3_next: rows by key head, each with what belongs to it of q, k, v and z, or of b and a.
std::vector<PlacedLinear> FusedInputs(const LayerBinder& binder, const DeltaConfig& config) {
  std::vector<PlacedLinear> inputs;
  inputs.reserve(config.most_inputs());
  const size_t group = config.value_heads / config.key_heads;
  const size_t group_width = group * config.value_dim;
  RowTaker qkvz(binder.Matrix("linear_attn.in_proj_qkvz", Weights::Use::kRows).matrix(), inputs);
  RowTaker ba(binder.Matrix("linear_attn.in_proj_ba", Weights::Use::kRows).matrix(), inputs);
  for (size_t head = 0; head < config.key_heads; ++head) {
    qkvz.Take(config.key_dim, head * config.key_dim);
    qkvz.Take(config.key_dim, config.key_width() + head * config.key_dim);
    qkvz.Take(group_width, 2 * config.key_width() + head * group_width);
    qkvz.Take(group_width, config.z() + head * group_width);
    ba.Take(group, config.b() + head * group);
    ba.Take(group, config.a() + head * group);
  }
  return inputs;
}

std::vector<PlacedLinear> PlainInputs(const LayerBinder& binder, const DeltaConfig& config) {
  std::vector<PlacedLinear> inputs;
  inputs.push_back({binder.Matrix("linear_attn.in_proj_qkv"), 0});
  inputs.push_back({binder.Matrix("linear_attn.in_proj_z"), config.z()});
  inputs.push_back({binder.Matrix("linear_attn.in_proj_b"), config.b()});
  inputs.push_back({binder.Matrix("linear_attn.in_proj_a"), config.a()});
  return inputs;
}

// [channels, 1, taps] to [taps, channels].
Buffer<float> TapsFirst(const Buffer<float>& stored, size_t channels) {
  const size_t taps = stored.size() / channels;
  Buffer<float> weights(stored.size());
  for (size_t channel = 0; channel < channels; ++channel) {
    for (size_t tap = 0; tap < taps; ++tap) {
      weights[tap * channels + channel] = stored[channel * taps + tap];
    }
  }
  return weights;
}

}  // namespace

std::unique_ptr<const Block> BindDelta(const LayerBinder& binder) {
  const DeltaConfig config = DeltaConfigOf(binder.config(), binder.layer());
  DeltaWeights weights = {
      .inputs = binder.config().family->fuses_delta_inputs ? FusedInputs(binder, config)
                                                           : PlainInputs(binder, config),
      .conv = TapsFirst(binder.Floats("linear_attn.conv1d.weight"), config.channels()),
      .a_log = binder.Floats("linear_attn.A_log"),
      .dt_bias = binder.Floats("linear_attn.dt_bias"),
      .norm = binder.Floats("linear_attn.norm.weight"),
      .out = binder.Matrix("linear_attn.out_proj")};
  return std::make_unique<DeltaLayer>(config, std::move(weights));
}

}  // namespace hlwq::model
