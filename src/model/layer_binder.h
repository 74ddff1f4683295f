// Gives an architecture the tensors of one layer by their names within it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"
#include "model/linear.h"
#include "model/weights.h"

namespace hlwq::model {

inline Buffer<float> ReadNorm(Weights& weights, const ModelConfig& config,
                              const std::string& name) {
  Buffer<float> factors = weights.Floats(name);
  if (config.family->has_zero_centred_norms) {
    for (float& factor : factors.span()) factor += 1;
  }
  return factors;
}

class LayerBinder {
 public:
  LayerBinder(const ModelConfig& config, Weights& weights, size_t layer)
      : config_(config),
        weights_(weights),
        layer_(layer),
        scope_(weights.scope() + "layers." + std::to_string(layer) + ".") {}

  const ModelConfig& config() const noexcept { return config_; }
  size_t layer() const noexcept { return layer_; }

  // "self_attn.q_proj", with its bias. Throws as Weights::Matrix.
  Linear Matrix(std::string_view name, Weights::Use use = Weights::Use::kProducts) const {
    return weights_.Matrix(scope_ + std::string(name), use);
  }
  // Any other tensor.
  Buffer<float> Floats(std::string_view name) const {
    return weights_.Floats(scope_ + std::string(name));
  }
  // The factors of a norm, "input_layernorm.weight": with the 1 added where the family leaves it out.
  Buffer<float> Norm(std::string_view name) const {
    return ReadNorm(weights_, config_, scope_ + std::string(name));
  }
  const std::vector<ExpertMatrices>& Experts() const {
    return weights_.BindExperts(layer_, scope_, config_.sizes);
  }

 private:
  const ModelConfig& config_;
  Weights& weights_;
  size_t layer_ = 0;
  std::string scope_;
};

}  // namespace hlwq::model
