// Models for tests of sequences: dense, with recurrent states, with experts, and with what looks at lengths.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "checkpoint/open_synthetic.h"
#include "convert/dequantize.h"
#include "kernels/cpu_backend.h"
#include "tests/runtime/run_model.h"
#include "tests/support/shared_data.h"

namespace hlwq::test {

// "dense" is made in `folder`: heads of 32 dimensions, which can be coded; "coded" is the same of plain hlwq codes, whose
// products have other bits in long pieces. Others are golden models.
inline std::filesystem::path SmallModel(std::string_view name, const std::filesystem::path& folder,
                                        uint64_t seed = 3) {
  if (name == "coded") {
    Quantized(SmallModel("dense", folder, seed), folder / "coded", {"hlwq", 5});
    return folder / "coded";
  }
  if (name != "dense") return Golden("good/models/" + std::string(name));
  const nlohmann::json config = {
      {"model_type", "llama"},    {"hidden_size", 64},        {"intermediate_size", 96},
      {"num_hidden_layers", 3},   {"num_attention_heads", 4}, {"num_key_value_heads", 2},
      {"head_dim", 32},           {"vocab_size", 300},        {"max_position_embeddings", 1024},
      {"rms_norm_eps", 1e-5},     {"rope_theta", 10000.0},    {"tie_word_embeddings", true},
      {"torch_dtype", "bfloat16"}};
  const std::filesystem::path path = folder / ("dense" + std::to_string(seed));
  convert::DequantizeOptions options;
  options.dtype = DType::kF32;
  convert::Dequantize(checkpoint::OpenSynthetic(config, seed, 0), path, options,
                      kernels::CpuBackend());
  return path;
}

}  // namespace hlwq::test
