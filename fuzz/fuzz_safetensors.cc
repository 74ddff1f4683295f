// The header of a safetensors file, from any bytes: length field, JSON, rules of the format.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "io/safetensors.h"
#include "tensor/shape.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hlwq;
  if (size < 8) return 0;
  uint64_t length = 0;
  std::memcpy(&length, data, 8);
  if (length > size - 8) length = size - 8;  // the file reader checks this one; go on to the JSON
  const std::string_view json(reinterpret_cast<const char*>(data) + 8, length);
  const uint64_t data_bytes = size - 8 - length;
  try {
    const io::SafetensorsHeader header = io::ParseSafetensorsHeader(json, data_bytes);
    // What was accepted must be dense and inside the data.
    uint64_t end = 0;
    for (const io::SafetensorsEntry& entry : header.entries) {
      if (entry.begin != end || entry.end < entry.begin || entry.end > data_bytes) std::abort();
      if (TensorBytes(entry.dtype, entry.shape) != entry.bytes()) std::abort();
      end = entry.end;
    }
    if (end != data_bytes) std::abort();
    // And what we write for it must be read as the same.
    const std::string again = io::SerializeSafetensorsHeader(header.entries, header.metadata);
    const auto reread = io::ParseSafetensorsHeader(std::string_view(again).substr(8), data_bytes);
    if (reread.entries.size() != header.entries.size() || reread.metadata != header.metadata) {
      std::abort();
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidData && error.code() != ErrorCode::kUnsupported) {
      std::abort();
    }
  }
  return 0;
}
