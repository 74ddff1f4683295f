// CompressedTensors checkpoints, "pack-quantized" (docs/format-compressed-tensors.md): from stored
// tensors to the tensors they stand for.
#pragma once

#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/compressed_tensors/config.h"
#include "checkpoint/stored_tensors.h"

namespace hlwq::checkpoint {

// Replaces the stored tensors of an opened checkpoint (all PlainStorage) whose config.json asks for
// compressed-tensors by what they stand for: X_packed, X_scale and X_shape become the CodedStorage
// X of the scale's dtype. quantization_config is taken out of the configuration and of the side
// file config.json: what the tensors stand for is not quantized. Reads the shape records only.
// Throws Error{kUnsupported} for what ParseCompressedConfig or the codec refuses and for zero
// points and permuted groups, Error{kInvalidData} for what contradicts itself or fits two readings,
// Error{kNotFound} for a missing part; with the folder, file, tensor, expected and found.
void InterpretCompressedTensors(Checkpoint& checkpoint);

// The same on a list of tensors; see StoredInput. The scheme of a matrix is the one that its
// tensors' shapes fit, among those whose targets name it where there are such.
std::vector<TensorEntry> RecogniseCompressedTensors(const StoredInput& input,
                                                    const std::vector<CompressedScheme>& schemes);

}  // namespace hlwq::checkpoint
