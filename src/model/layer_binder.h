// Gives an architecture the tensors of one layer by their names within it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "model/config.h"
#include "model/linear.h"
#include "model/weights.h"

namespace hlwq::model {

class LayerBinder {
 public:
  LayerBinder(const ModelConfig& config, Weights& weights, size_t layer)
      : config_(config), weights_(weights), layer_(layer),
        scope_(weights.prefix() + ".layers." + std::to_string(layer) + ".") {}

  const ModelConfig& config() const noexcept { return config_; }
  size_t layer() const noexcept { return layer_; }

  // "self_attn.q_proj", with its bias. Throws as Weights::Matrix.
  Linear Matrix(std::string_view name) const { return weights_.Matrix(scope_ + std::string(name)); }
  // "input_layernorm.weight".
  Buffer<float> Vector(std::string_view name) const {
    return weights_.Vector(scope_ + std::string(name));
  }

 private:
  const ModelConfig& config_;
  Weights& weights_;
  size_t layer_ = 0;
  std::string scope_;
};

}  // namespace hlwq::model
