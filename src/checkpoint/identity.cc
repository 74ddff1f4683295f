#include "checkpoint/identity.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/checked.h"
#include "base/hash.h"

namespace hlwq::checkpoint {
namespace {

constexpr size_t kMostParts = 1024;
constexpr uint64_t kSampleBytes = 4096;

void AddNumber(Xxh3Stream& hash, uint64_t number) {
  hash.Update(std::as_bytes(std::span(&number, 1)));
}

void AddText(Xxh3Stream& hash, std::string_view text) {
  AddNumber(hash, text.size());
  hash.Update(std::as_bytes(std::span(text)));
}

void Collect(const TensorEntry& entry, std::vector<FileRange>& parts) {
  std::visit(
      [&](const auto& storage) {
        using Stored = std::decay_t<decltype(storage)>;
        if constexpr (std::is_same_v<Stored, CodedStorage>) {
          for (const CodedSlice& slice : storage.slices) {
            parts.insert(parts.end(), slice.row_parts.begin(), slice.row_parts.end());
          }
        } else if constexpr (std::is_same_v<Stored, ScaledStorage>) {
          parts.insert(parts.end(), {storage.values, storage.scales});
        } else if constexpr (std::is_same_v<Stored, DerivedStorage>) {
          Collect(*storage.origin, parts);
        } else if constexpr (!std::is_same_v<Stored, SyntheticStorage>) {
          parts.push_back(storage.range);
        }
      },
      entry.storage);
}

std::vector<FileRange> Parts(const Checkpoint& checkpoint) {
  std::vector<FileRange> parts;
  for (const TensorEntry& entry : checkpoint.tensors) Collect(entry, parts);
  const auto place = [](const FileRange& part) {
    return std::tuple(part.file, part.offset, part.bytes);
  };
  const auto is_same = [&](const FileRange& a, const FileRange& b) { return place(a) == place(b); };
  std::ranges::sort(parts, {}, place);
  parts.erase(std::unique(parts.begin(), parts.end(), is_same), parts.end());
  return parts;
}

void AddSample(Xxh3Stream& hash, const File& file, const FileRange& part) {
  std::array<std::byte, kSampleBytes> room;
  const std::span bytes = std::span(room).first(std::min(part.bytes, kSampleBytes));
  for (const uint64_t offset : {part.offset, part.offset + part.bytes - bytes.size()}) {
    file.ReadAt(offset, bytes);
    hash.Update(bytes);
  }
}

}  // namespace

uint64_t ModelIdentity(const Checkpoint& checkpoint) {
  Xxh3Stream hash;
  AddText(hash, FormatName(checkpoint.format));
  AddText(hash, checkpoint.config.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  for (const uint64_t header : checkpoint.header_hashes) AddNumber(hash, header);
  for (const File& file : checkpoint.files) AddNumber(hash, file.SizeBytes());
  const std::vector<FileRange> parts = Parts(checkpoint);
  const size_t step = std::max<size_t>(CeilDiv(parts.size(), kMostParts), 1);
  for (size_t part = 0; part < parts.size(); part += step) {
    AddSample(hash, checkpoint.files[parts[part].file], parts[part]);
  }
  return hash.Digest();
}

}  // namespace hlwq::checkpoint
