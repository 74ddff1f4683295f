// Configs and shapes that the tests of the catalog share.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/catalog.h"
#include "tests/support/shared_data.h"

namespace hlwq::checkpoint {

using Shapes = std::map<std::string, Shape>;

inline Shapes RequiredShapes(const Catalog& catalog) {
  Shapes shapes;
  for (const TensorSpec& spec : catalog.tensors) {
    if (spec.required) shapes[spec.name] = spec.shape;
  }
  return shapes;
}

inline std::vector<std::string> Names(const Shapes& shapes) {
  std::vector<std::string> names;
  for (const auto& [name, shape] : shapes) names.push_back(name);
  return names;
}

inline std::vector<FoundTensor> Found(const Shapes& shapes) {
  std::vector<FoundTensor> found;
  for (const auto& [name, shape] : shapes) found.push_back({name, shape});
  return found;
}

inline Shapes ShapesFromJson(const nlohmann::json& tensors) {
  Shapes shapes;
  for (const auto& [name, shape] : tensors.items()) shapes[name] = shape.get<Shape>();
  return shapes;
}

inline nlohmann::json SmallHybrid() {
  return {{"model_type", "qwen3_5_moe_text"},
          {"vocab_size", 64},
          {"hidden_size", 32},
          {"num_hidden_layers", 8},
          {"num_attention_heads", 4},
          {"num_key_value_heads", 2},
          {"head_dim", 16},
          {"num_experts", 4},
          {"moe_intermediate_size", 8},
          {"shared_expert_intermediate_size", 8},
          {"linear_num_key_heads", 2},
          {"linear_num_value_heads", 4},
          {"linear_key_head_dim", 8},
          {"linear_value_head_dim", 8},
          {"linear_conv_kernel_dim", 4},
          {"tie_word_embeddings", false}};
}

inline nlohmann::json SmallDense(std::string_view model_type) {
  return {{"model_type", model_type}, {"vocab_size", 64},       {"hidden_size", 32},
          {"intermediate_size", 48},  {"num_hidden_layers", 2}, {"num_attention_heads", 4}};
}

inline nlohmann::json Without(nlohmann::json config, std::string_view key) {
  config.erase(std::string(key));
  return config;
}

inline nlohmann::json With(nlohmann::json config, std::string_view key, nlohmann::json value) {
  config[std::string(key)] = std::move(value);
  return config;
}

inline std::vector<std::filesystem::path> GoldenFiles() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(test::Golden("good/catalog"))) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace hlwq::checkpoint
