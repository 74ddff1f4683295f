#include "checkpoint/shard.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "io/gguf.h"
#include "io/safetensors.h"

namespace hlwq::checkpoint {
namespace {

Shard FromGguf(io::GgufFile file) {
  Shard shard;
  shard.header_hash = file.header_hash();
  shard.data_offset = file.header().data_offset;
  for (const io::GgufTensor& tensor : file.header().tensors) {
    shard.tensors.push_back({tensor.name, tensor.offset, tensor.bytes});
  }
  shard.file = std::move(file).TakeFile();
  return shard;
}

Shard FromSafetensors(io::SafetensorsFile file) {
  Shard shard;
  shard.header_hash = file.header_hash();
  shard.data_offset = file.header().data_offset;
  for (const io::SafetensorsEntry& entry : file.header().entries) {
    shard.tensors.push_back({entry.name, shard.data_offset + entry.begin, entry.bytes()});
  }
  shard.file = std::move(file).TakeFile();
  return shard;
}

std::optional<uint64_t> FindNonZero(const File& file, uint64_t begin, uint64_t end) {
  std::array<std::byte, 4096> buffer;
  while (begin < end) {
    const auto part = std::span(buffer).first(std::min<uint64_t>(buffer.size(), end - begin));
    file.ReadAt(begin, part);
    const auto found = std::ranges::find_if(part, [](std::byte b) { return b != std::byte{0}; });
    if (found != part.end()) return begin + static_cast<uint64_t>(found - part.begin());
    begin += part.size();
  }
  return std::nullopt;
}

}  // namespace

Shard OpenShard(const std::filesystem::path& path) {
  Shard shard = path.extension() == ".gguf" ? FromGguf(io::GgufFile::Open(path))
                                            : FromSafetensors(io::SafetensorsFile::Open(path));
  std::ranges::stable_sort(shard.tensors, {}, &ShardTensor::offset);
  return shard;
}

std::optional<uint64_t> FindStrayByte(const Shard& shard) {
  uint64_t position = shard.data_offset;
  for (const ShardTensor& tensor : shard.tensors) {
    if (const auto found = FindNonZero(shard.file, position, tensor.offset)) return found;
    position = tensor.offset + tensor.bytes;
  }
  return FindNonZero(shard.file, position, shard.file.SizeBytes());
}

}  // namespace hlwq::checkpoint
