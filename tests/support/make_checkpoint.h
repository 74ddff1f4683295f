// Small safetensors checkpoints made on the spot.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace hlwq::test {

struct MadeTensor {
  std::string name;
  DType dtype = DType::kBF16;  // BF16, F16 or F32 take `value`; other dtypes get counting bytes
  Shape shape;
  std::function<float(uint64_t)> value = nullptr;  // of the element's index; default: near normal
};

// Writes one safetensors file; returns nothing that is not on disk afterwards.
void WriteSafetensors(const std::filesystem::path& path, const std::vector<MadeTensor>& tensors);

// The tensors of a llama of this many layers: hidden 96 (not a multiple of 128), 4 heads of 24,
// MLP 256, vocabulary 64, untied; with its config.json in `folder`.
void WriteSmallLlama(const std::filesystem::path& folder, int layers = 2);

// The raw bytes of every regular file below `folder`, by relative path.
std::vector<std::pair<std::string, std::string>> FolderContent(const std::filesystem::path& folder);

}  // namespace hlwq::test
