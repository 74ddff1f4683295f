#include "study/corpus/array_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/partial_file.h"

namespace hlwq::study {

void WriteArrays(const std::filesystem::path& path, const std::vector<NamedArray>& arrays,
                 const std::map<std::string, std::string>& metadata) {
  std::vector<io::SafetensorsEntry> entries;
  uint64_t end = 0;
  for (const NamedArray& array : arrays) {
    entries.push_back({array.name, array.dtype, array.shape, end, end + array.bytes.size()});
    end += array.bytes.size();
  }
  PartialFile file(path);
  const std::string header = io::SerializeSafetensorsHeader(entries, metadata);
  file.file().Append(std::as_bytes(std::span(header)));
  for (const NamedArray& array : arrays) file.file().Append(array.bytes);
  file.Finish();
}

ArrayFile::ArrayFile(const std::filesystem::path& path) : path_(path) {
  io::SafetensorsFile file = io::SafetensorsFile::Open(path);
  header_ = file.header();
  map_ = MappedFile(file.file());
}

const std::string& ArrayFile::Metadata(const std::string& key) const {
  const auto found = header_.metadata.find(key);
  if (found == header_.metadata.end()) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("{}: its metadata has no '{}'", path_.string(), key));
  }
  return found->second;
}

const io::SafetensorsEntry* ArrayFile::Find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(header_.entries, name, &io::SafetensorsEntry::name);
  return found == header_.entries.end() ? nullptr : &*found;
}

bool ArrayFile::Has(std::string_view name) const noexcept { return Find(name) != nullptr; }

std::span<const std::byte> ArrayFile::Bytes(std::string_view name, DType dtype) const {
  const io::SafetensorsEntry* entry = Find(name);
  if (entry == nullptr || entry->dtype != dtype) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("{}: want '{}' of {}, got {}", path_.string(), name, DTypeName(dtype),
                            entry == nullptr ? "none" : DTypeName(entry->dtype)));
  }
  return map_.bytes().subspan(header_.data_offset + entry->begin, entry->bytes());
}

const Shape& ArrayFile::ShapeOf(std::string_view name) const {
  const io::SafetensorsEntry* entry = Find(name);
  if (entry == nullptr) {
    throw Error(ErrorCode::kInvalidData, fmt::format("{}: has no '{}'", path_.string(), name));
  }
  return entry->shape;
}

void ArrayFile::CopyBytes(std::span<const std::byte> from, std::span<std::byte> to) noexcept {
  std::memcpy(to.data(), from.data(), std::min(from.size(), to.size()));
}

}  // namespace hlwq::study
