// Hostile GGUF: the header parser, and everything that is made of the metadata.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/error.h"
#include "checkpoint/open_gguf.h"
#include "io/gguf.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
  try {
    const hlwq::io::GgufHeader header = hlwq::io::ParseGguf(file, size);
    hlwq::checkpoint::MapGguf(header, [&](const hlwq::io::GgufTensor& tensor) {
      const auto bytes = file.subspan(tensor.offset, tensor.bytes);
      return std::vector<std::byte>(bytes.begin(), bytes.end());
    });
  } catch (const hlwq::Error&) {
    // The one way to refuse an input.
  }
  return 0;
}
