#include "tests/support/golden_tensors.h"

#include <cstring>
#include <stdexcept>

#include "io/safetensors.h"

namespace hlwq::test {

GoldenTensors::GoldenTensors(const std::filesystem::path& path) {
  const io::SafetensorsFile file = io::SafetensorsFile::Open(path);
  for (const io::SafetensorsEntry& entry : file.header().entries) {
    std::vector<std::byte> bytes(entry.bytes());
    file.file().ReadAt(file.header().data_offset + entry.begin, bytes);
    GoldenTensor tensor{entry.shape, std::vector<float>(*ElementCount(entry.shape))};
    for (size_t i = 0; i < tensor.values.size(); ++i) {
      if (entry.dtype == DType::kF32) {
        std::memcpy(&tensor.values[i], bytes.data() + 4 * i, 4);
      } else if (entry.dtype == DType::kI64) {
        int64_t id;
        std::memcpy(&id, bytes.data() + 8 * i, 8);
        tensor.values[i] = static_cast<float>(id);  // below 2^24: exact
      } else {
        throw std::runtime_error(entry.name + ": not a dtype of golden files");
      }
    }
    tensors_[entry.name] = std::move(tensor);
  }
}

std::vector<int32_t> GoldenTensors::Ids(const std::string& name) const {
  const auto& values = tensors_.at(name).values;
  return {values.begin(), values.end()};
}

}  // namespace hlwq::test
