// Tensors of a small safetensors file, by name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tensor/shape.h"

namespace hlwq::test {

struct GoldenTensor {
  Shape shape;
  std::vector<float> values;
};

// Throws Error where the file cannot be read; F32 and I64 are the dtypes of golden files.
class GoldenTensors {
 public:
  explicit GoldenTensors(const std::filesystem::path& file);

  bool Has(const std::string& name) const { return tensors_.contains(name); }
  const GoldenTensor& operator[](const std::string& name) const { return tensors_.at(name); }
  std::vector<int32_t> Ids(const std::string& name) const;

 private:
  std::map<std::string, GoldenTensor> tensors_;
};

}  // namespace hlwq::test
