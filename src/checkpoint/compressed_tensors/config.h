// What config.json of a CompressedTensors checkpoint says about its weights
// (docs/format-compressed-tensors.md, "Folder").
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace hlwq::checkpoint {

// How the matrices of one config group are stored.
struct CompressedScheme {
  std::string group;  // its key in config_groups
  int bits = 4;
  uint32_t group_size = 0;           // weights that share a scale; 0: a row ("channel")
  std::vector<std::string> targets;  // modules by name, or kinds of them
};

// True where config.json asks for the compressed-tensors library.
bool HasCompressedConfig(const nlohmann::json& config) noexcept;
// Whether its format is one of floats (small_floats/open.h), of which tensors tell everything.
bool HasCompressedFloats(const nlohmann::json& config) noexcept;

// The schemes of quantization_config, at least one. Throws Error{kUnsupported} naming the first
// setting that is not handled, Error{kInvalidData} for one that makes no sense. Settings that
// change nothing about stored weights are not looked at.
std::vector<CompressedScheme> ParseCompressedConfig(const nlohmann::json& quantization_config);

}  // namespace hlwq::checkpoint
