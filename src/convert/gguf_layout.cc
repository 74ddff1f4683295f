#include "convert/gguf_layout.h"

#include <utility>

#include "base/error.h"
#include "io/gguf_writer.h"

namespace hlwq::convert {

OutputLayout LayOutGguf(std::span<const OutputTensor> tensors, const GgufFileSpec& file) {
  HLWQ_DASSERT(tensors.size() == file.types.size());
  std::vector<io::GgufTensor> records;
  records.reserve(tensors.size());
  for (size_t tensor = 0; tensor < tensors.size(); ++tensor) {
    records.push_back({.name = tensors[tensor].name,
                       .shape = tensors[tensor].shape,
                       .type = static_cast<uint32_t>(file.types[tensor])});
  }
  io::GgufPrefix prefix = io::SerializeGguf(file.metadata, std::move(records));
  std::vector<OutputPlace> places;
  uint64_t data_bytes = 0;
  for (size_t tensor = 0; tensor < tensors.size(); ++tensor) {
    HLWQ_DASSERT(prefix.tensors[tensor].bytes == tensors[tensor].bytes);
    places.push_back({0, prefix.tensors[tensor].offset});
    data_bytes += tensors[tensor].bytes;
  }
  std::vector<OutputShard> shards;
  shards.push_back({file.file_name, std::move(prefix.bytes), prefix.file_bytes});
  return {std::move(shards), std::move(places), data_bytes};
}

}  // namespace hlwq::convert
