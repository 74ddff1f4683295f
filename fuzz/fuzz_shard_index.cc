// model.safetensors.index.json from any bytes: no accepted file name may leave the folder.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "io/shard_index.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hlwq;
  try {
    const io::ShardIndex index =
        io::ParseShardIndex(std::string_view(reinterpret_cast<const char*>(data), size));
    for (const auto& [tensor, file] : index.file_of_tensor) {
      const bool leaves_folder = file.empty() || file == "." || file == ".." ||
                                 file.find('/') != file.npos || file.find('\0') != file.npos;
      if (leaves_folder) std::abort();
    }
    const io::ShardIndex again = io::ParseShardIndex(io::SerializeShardIndex(index));
    if (again.file_of_tensor != index.file_of_tensor) std::abort();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidData && error.code() != ErrorCode::kUnsupported) {
      std::abort();
    }
  }
  return 0;
}
