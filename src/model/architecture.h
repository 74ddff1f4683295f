// The model families that can be run. Each has a file of its own, which says how its layers are made
// of the parts of this box and reads what only its configs hold.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "checkpoint/catalog/config_reader.h"
#include "model/layer.h"
#include "model/layer_binder.h"

namespace hlwq::model {

struct Architecture {
  std::string_view model_type;
  // How far back each layer sees; 0 means all (ModelConfig::windows).
  std::vector<size_t> (*windows)(const checkpoint::ConfigReader& text, size_t layers);
  Layer (*bind_layer)(const LayerBinder& binder);
};

extern const Architecture kLlama, kMistral, kQwen2, kQwen3, kQwen3Moe, kQwen3Next, kQwen35,
    kQwen35Text, kQwen35Moe, kQwen35MoeText;

// nullptr: this model_type cannot be run.
const Architecture* FindArchitecture(std::string_view model_type) noexcept;
std::vector<std::string_view> RunnableModelTypes();

}  // namespace hlwq::model
