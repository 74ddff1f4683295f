// From any checkpoint to plain safetensors in the layout of transformers: the way back from
// polar_state, and the way in from GGUF.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "codec/backend.h"
#include "convert/job.h"

namespace hlwq::convert {

struct DequantizeOptions {
  // Of the tensors that are decoded; by default the dtype of their source where it is recorded. What
  // is stored plain stays as it is, byte for byte.
  std::optional<DType> dtype;
  std::string operation = "dequantize";  // as the manifest records it
  bool is_folded = false;  // the source is a view with a rotation folded in: for the record
  OutputOptions output;
};

// Throws as RunJob. Memory is bounded whatever the model.
ConversionResult Dequantize(const checkpoint::Checkpoint& source,
                            const std::filesystem::path& destination,
                            const DequantizeOptions& options, const codec::Backend& backend);

}  // namespace hlwq::convert
