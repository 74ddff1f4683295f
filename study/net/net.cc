#include "study/net/net.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/hash.h"
#include "base/random.h"
#include "study/net/layers.h"

namespace hlwq::study {
namespace {

constexpr double kInitialDeviation = 0.02;
constexpr int64_t kTimeFeatures = 256;

// Box and Muller's normal numbers, by name and position (base/random.h).
at::Tensor NormalWeights(at::IntArrayRef shape, double deviation, uint64_t seed,
                         const std::string& name) {
  const uint64_t stream = MixBits(seed) ^ Xxh3(std::as_bytes(std::span(name)));
  at::Tensor weights = at::empty(shape, at::kFloat);
  float* const values = weights.data_ptr<float>();
  for (int64_t index = 0; index < weights.numel(); ++index) {
    const uint64_t counter = 2 * static_cast<uint64_t>(index);
    const double radius = std::sqrt(-2 * std::log(UniformOf(MixBits(stream ^ MixBits(counter)))));
    const double turn = 2 * std::numbers::pi * UniformOf(MixBits(stream ^ MixBits(counter + 1)));
    values[index] = static_cast<float>(deviation * radius * std::cos(turn));
  }
  return weights;
}

struct Layer {
  at::Tensor attention_norm, query, key, value, output;
  at::Tensor mlp_norm, gate, up, down;
};

}  // namespace

struct Net::Cache::State {
  std::vector<at::Tensor> keys, values;  // of each layer [batch, heads, capacity, head_dim]
  int64_t length = 0;
};

struct Net::Impl {
  NetOptions options;
  std::string device_name;
  at::Device device{at::kCPU};
  uint64_t seed = 0;
  std::vector<std::pair<std::string, at::Tensor>> parameters;
  at::Tensor embedding, final_norm, head, time_in, time_out;
  std::vector<Layer> layers;
  RotaryTable rotary;

  int64_t width() const { return static_cast<int64_t>(options.model.width); }
  int64_t heads() const { return static_cast<int64_t>(options.model.heads); }

  at::Tensor Add(const std::string& name, at::Tensor values) {
    values = values.to(device).set_requires_grad(true);
    parameters.emplace_back(name, values);
    return values;
  }
  at::Tensor AddMatrix(const std::string& name, int64_t out, int64_t in, double deviation) {
    return Add(name, NormalWeights({out, in}, deviation, seed, name));
  }
  at::Tensor AddNorm(const std::string& name) { return Add(name, at::ones({width()}, at::kFloat)); }

  void Build() {
    const auto vocabulary = static_cast<int64_t>(options.vocabulary);
    const auto hidden = static_cast<int64_t>(options.model.hidden);
    const double residual =
        kInitialDeviation / std::sqrt(2.0 * static_cast<double>(options.model.layers));
    embedding = AddMatrix("model.embed_tokens.weight", vocabulary + 1, width(), kInitialDeviation);
    for (size_t index = 0; index < options.model.layers; ++index) {
      const std::string prefix = fmt::format("model.layers.{}.", index);
      const auto matrix = [&](const char* name, int64_t out, int64_t in, double deviation) {
        return AddMatrix(prefix + name + ".weight", out, in, deviation);
      };
      Layer layer;
      layer.attention_norm = AddNorm(prefix + "input_layernorm.weight");
      layer.query = matrix("self_attn.q_proj", width(), width(), kInitialDeviation);
      layer.key = matrix("self_attn.k_proj", width(), width(), kInitialDeviation);
      layer.value = matrix("self_attn.v_proj", width(), width(), kInitialDeviation);
      layer.output = matrix("self_attn.o_proj", width(), width(), residual);
      layer.mlp_norm = AddNorm(prefix + "post_attention_layernorm.weight");
      layer.gate = matrix("mlp.gate_proj", hidden, width(), kInitialDeviation);
      layer.up = matrix("mlp.up_proj", hidden, width(), kInitialDeviation);
      layer.down = matrix("mlp.down_proj", width(), hidden, residual);
      layers.push_back(std::move(layer));
    }
    final_norm = AddNorm("model.norm.weight");
    if (!options.is_tied) {
      head = AddMatrix("lm_head.weight", vocabulary, width(), kInitialDeviation);
    }
    if (options.has_time_embedding) {
      time_in = AddMatrix("time_embedding.in.weight", width(), kTimeFeatures, kInitialDeviation);
      time_out = AddMatrix("time_embedding.out.weight", width(), width(), kInitialDeviation);
    }
    rotary = MakeRotaryTable(static_cast<int64_t>(options.model.window), width() / heads(),
                             options.model.rope_theta, device);
  }

  at::Tensor Drop(const at::Tensor& x, bool is_training) const {
    if (!is_training || options.dropout == 0) return x;
    return at::dropout(x, options.dropout, true);
  }

  at::Tensor Embed(const at::Tensor& tokens, const at::Tensor& times) const {
    at::Tensor x = at::embedding(embedding, tokens);
    if (options.has_time_embedding) {
      const at::Tensor features = TimeFeatures(times, kTimeFeatures);
      const at::Tensor time = at::linear(at::silu(at::linear(features, time_in)), time_out);
      x = x + time.unsqueeze(1);
    }
    return x;
  }

  // What attention adds. With a cache: of tokens that follow those it holds.
  at::Tensor Mix(const Layer& layer, const at::Tensor& normed, Cache::State* cache,
                 size_t index) const {
    const int64_t batch = normed.size(0), length = normed.size(1), head_dim = width() / heads();
    const auto split = [&](const at::Tensor& weight) {
      return at::linear(normed, weight).view({batch, length, heads(), head_dim});
    };
    const int64_t start = cache == nullptr ? 0 : cache->length;
    const RotaryTable table = {rotary.cosines.narrow(0, start, length),
                               rotary.sines.narrow(0, start, length)};
    const at::Tensor q = Rotate(split(layer.query), table).transpose(1, 2);
    at::Tensor k = Rotate(split(layer.key), table).transpose(1, 2);
    at::Tensor v = split(layer.value).transpose(1, 2);
    bool is_causal = options.is_causal;
    if (cache != nullptr) {
      cache->keys[index].narrow(2, start, length).copy_(k);
      cache->values[index].narrow(2, start, length).copy_(v);
      k = cache->keys[index].narrow(2, 0, start + length);
      v = cache->values[index].narrow(2, 0, start + length);
      is_causal = false;  // one token, which sees all
    }
    const at::Tensor mixed = Attend(q, k, v, is_causal).transpose(1, 2);
    return at::linear(mixed.reshape({batch, length, width()}), layer.output);
  }

  at::Tensor Hidden(const at::Tensor& tokens, const at::Tensor& times, bool is_training,
                    Cache::State* cache) const {
    const double epsilon = options.model.norm_epsilon;
    at::Tensor x = Drop(Embed(tokens, times), is_training);
    for (size_t index = 0; index < layers.size(); ++index) {
      const Layer& layer = layers[index];
      const at::Tensor mixed = Mix(layer, RmsNorm(x, layer.attention_norm, epsilon), cache, index);
      x = x + Drop(mixed, is_training);
      const at::Tensor normed = RmsNorm(x, layer.mlp_norm, epsilon);
      const at::Tensor unit =
          GatedUnit(at::linear(normed, layer.gate), at::linear(normed, layer.up));
      x = x + Drop(at::linear(unit, layer.down), is_training);
    }
    return RmsNorm(x, final_norm, epsilon);
  }

  at::Tensor Head(const at::Tensor& hidden) const {
    const auto vocabulary = static_cast<int64_t>(options.vocabulary);
    return at::linear(hidden, options.is_tied ? embedding.narrow(0, 0, vocabulary) : head);
  }

  // int64 on the device, checked.
  at::Tensor ToDevice(const TokenGrid& grid) const {
    const auto limit = static_cast<TokenId>(options.vocabulary);
    const auto bad = std::ranges::find_if(
        grid.tokens, [&](TokenId token) { return token < 0 || token > limit; });
    if (grid.tokens.size() != grid.batch * grid.length || grid.length > options.model.window) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("want {} x {} tokens of windows of at most {}, got {}", grid.batch,
                              grid.length, options.model.window, grid.tokens.size()));
    }
    if (bad != grid.tokens.end()) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("want tokens in 0..{}, got {}", limit, *bad));
    }
    return ToTensor(grid.tokens, static_cast<int64_t>(grid.length), device);
  }
};

namespace {

void CopyOut(const at::Tensor& values, std::span<float> out) {
  const at::Tensor flat = values.to(at::kCPU, at::kFloat).contiguous();
  if (static_cast<size_t>(flat.numel()) != out.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("want room for {} logits, got {}", flat.numel(), out.size()));
  }
  std::copy_n(flat.data_ptr<float>(), out.size(), out.data());
}

}  // namespace

Net::Cache::Cache() : state_(std::make_unique<State>()) {}
Net::Cache::~Cache() = default;

NetOptions OptionsOf(const ModelConfig& model, const ArmConfig& arm, size_t vocabulary) {
  return {.model = model,
          .vocabulary = vocabulary,
          .is_causal = arm.objective == ObjectiveKind::kAutoregressive,
          .is_tied = arm.is_tied,
          .has_time_embedding = arm.has_time_embedding,
          .dropout = arm.dropout};
}

Net::Net(const NetOptions& options, uint64_t seed, const std::string& device)
    : impl_(std::make_unique<Impl>()) {
  if (device != "cpu" && !(device == "cuda" && torch::cuda::is_available())) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("there is no device '{}' that libtorch can use", device));
  }
  impl_->options = options;
  impl_->device_name = device;
  impl_->device = at::Device(device);
  impl_->seed = seed;
  impl_->Build();
}

Net::Net(Net&&) noexcept = default;
Net::~Net() = default;

const NetOptions& Net::options() const noexcept { return impl_->options; }
const std::string& Net::device() const noexcept { return impl_->device_name; }
const std::vector<std::pair<std::string, at::Tensor>>& Net::parameters() const noexcept {
  return impl_->parameters;
}

size_t Net::ParameterCount() const {
  size_t count = 0;
  for (const auto& parameter : impl_->parameters) {
    count += static_cast<size_t>(parameter.second.numel());
  }
  return count;
}

void Net::Logits(const TokenGrid& grid, std::span<const double> times,
                 std::span<float> logits) const {
  const at::NoGradGuard no_gradients;
  at::Tensor time_values;
  if (impl_->options.has_time_embedding) {
    if (times.size() != grid.batch) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("want {} times, got {}", grid.batch, times.size()));
    }
    time_values = at::from_blob(const_cast<double*>(times.data()),
                                {static_cast<int64_t>(times.size())}, at::kDouble)
                      .to(impl_->device, at::kFloat);
  }
  CopyOut(Head(Hidden(impl_->ToDevice(grid), time_values, false)), logits);
}

std::unique_ptr<Net::Cache> Net::MakeCache(size_t batch, size_t capacity) const {
  if (!impl_->options.is_causal || capacity > impl_->options.model.window) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("a cache of {} tokens: only causal nets have one, of at most {}",
                            capacity, impl_->options.model.window));
  }
  std::unique_ptr<Cache> cache(new Cache);
  const int64_t head_dim = impl_->width() / impl_->heads();
  for (size_t layer = 0; layer < impl_->layers.size(); ++layer) {
    for (auto* list : {&cache->state_->keys, &cache->state_->values}) {
      list->push_back(at::zeros(
          {static_cast<int64_t>(batch), impl_->heads(), static_cast<int64_t>(capacity), head_dim},
          at::TensorOptions().dtype(at::kFloat).device(impl_->device)));
    }
  }
  return cache;
}

void Net::Append(Cache& cache, std::span<const TokenId> tokens, std::span<float> logits) const {
  const at::NoGradGuard no_gradients;
  Cache::State& state = *cache.state_;
  if (state.length >= state.keys.front().size(2)) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("a cache of {} tokens is full", state.length));
  }
  const at::Tensor grid = impl_->ToDevice({.tokens = tokens, .batch = tokens.size(), .length = 1});
  const at::Tensor hidden = impl_->Hidden(grid, {}, false, &state);
  state.length += 1;
  CopyOut(Head(hidden), logits);
}

at::Tensor Net::Hidden(const at::Tensor& tokens, const at::Tensor& times, bool is_training) const {
  return impl_->Hidden(tokens, times, is_training, nullptr);
}

at::Tensor Net::Head(const at::Tensor& hidden) const { return impl_->Head(hidden); }

}  // namespace hlwq::study
