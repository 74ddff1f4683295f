// Weights that their makers published as small floats with scales: FP8 of DeepSeek and Qwen, of fbgemm,
// ModelOpt and compressed-tensors; NVFP4 of the last two; MXFP4 of gpt-oss and compressed-tensors.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/stored_tensors.h"

namespace hlwq::checkpoint {

// What config.json says of them. Scales are looked for whatever it says.
struct SmallFloatConfig {
  uint64_t block_rows = 128, block_columns = 128;  // weight_block_size
  DType decoded = DType::kBF16;                    // what the model computes in
};

// The tensors that the stored ones stand for: small floats and their scales become ScaledStorage, all
// others stay. Scales of activations are left out, with a note. Throws Error{kInvalidData} naming the
// tensor for scales of a shape or type that does not fit, Error{kNotFound} for packed ones without any.
std::vector<TensorEntry> RecogniseSmallFloats(const StoredInput& input,
                                              const SmallFloatConfig& config,
                                              std::vector<std::string>& notes);

// Whether there is any.
bool HasSmallFloats(const Checkpoint& checkpoint);
// The same for an open checkpoint, whose config.json then no longer speaks of quantization.
void InterpretSmallFloats(Checkpoint& checkpoint);

}  // namespace hlwq::checkpoint
