// Hostile GGUF: the header parser, and everything that is made of the metadata. What the parser takes,
// the writer gives back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "base/error.h"
#include "checkpoint/gguf/open.h"
#include "io/gguf.h"
#include "io/gguf_writer.h"

namespace {

using hlwq::io::GgufPrefix;

// Compared as bytes: a metadata value may be NaN. A header that was only just short enough may grow:
// version 2 is written as version 3, at another alignment of the data.
void WriteAndReadBack(const hlwq::io::GgufHeader& header) {
  GgufPrefix first;
  try {
    first = hlwq::io::SerializeGguf(header.metadata, header.tensors);
  } catch (const hlwq::Error&) {
    return;
  }
  const hlwq::io::GgufHeader again =
      hlwq::io::ParseGguf(std::as_bytes(std::span(first.bytes)), first.file_bytes);
  const GgufPrefix second = hlwq::io::SerializeGguf(again.metadata, again.tensors);
  if (again.metadata.size() != header.metadata.size() ||
      again.tensors.size() != header.tensors.size() || second.bytes != first.bytes ||
      second.file_bytes != first.file_bytes) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
  try {
    const hlwq::io::GgufHeader header = hlwq::io::ParseGguf(file, size);
    WriteAndReadBack(header);
    const auto view = hlwq::checkpoint::MapGguf(header, [&](const hlwq::io::GgufTensor& tensor) {
      const auto bytes = file.subspan(tensor.offset, tensor.bytes);
      return std::vector<std::byte>(bytes.begin(), bytes.end());
    });
    for (const auto& side_file : view.side_files) hlwq::checkpoint::ReadSideFile(side_file);
  } catch (const hlwq::Error&) {
    // The one way to refuse an input.
  }
  return 0;
}
