#include "checkpoint/stored_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace hlwq::checkpoint {
namespace {

constexpr uint64_t kMaxSmallTensorBytes = 64 << 10;

}  // namespace

StoredInput StoredInputOf(const Checkpoint& checkpoint) {
  StoredInput input{
      .stored = checkpoint.tensors,
      .file_names = {},
      .read =
          [&checkpoint](const FileRange& range, std::span<std::byte> out) {
            checkpoint.files[range.file].ReadAt(range.offset, out);
          },
  };
  for (const File& file : checkpoint.files) {
    input.file_names.push_back(file.path().filename().string());
  }
  return input;
}

StoredTensors::StoredTensors(const StoredInput& input)
    : input_(input), is_taken_(input.stored.size()) {
  by_name_.reserve(input.stored.size());
  for (size_t index = 0; index < input.stored.size(); ++index) {
    by_name_.emplace(input.stored[index].name, index);
  }
}

const TensorEntry* StoredTensors::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &input_.stored[found->second];
}

const TensorEntry& StoredTensors::Take(std::string_view name) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    throw Error(ErrorCode::kNotFound, fmt::format("'{}' is missing", name));
  }
  is_taken_[found->second] = true;
  return input_.stored[found->second];
}

std::string StoredTensors::Where(const TensorEntry& entry) const {
  return fmt::format("{}: '{}'", input_.file_names.at(RangeOf(entry).file), entry.name);
}

void StoredTensors::RequireDType(const TensorEntry& entry,
                                 std::initializer_list<DType> allowed) const {
  if (std::find(allowed.begin(), allowed.end(), entry.dtype) != allowed.end()) return;
  std::string wanted;
  for (const DType dtype : allowed) {
    wanted += (wanted.empty() ? "" : " or ") + std::string(DTypeName(dtype));
  }
  throw Error(ErrorCode::kInvalidData,
              fmt::format("{}: want {}, got {}", Where(entry), wanted, DTypeName(entry.dtype)));
}

std::vector<std::byte> StoredTensors::Content(const TensorEntry& entry) const {
  const FileRange& range = RangeOf(entry);
  if (range.bytes > kMaxSmallTensorBytes) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("{}: want at most {} bytes, got {}", Where(entry), kMaxSmallTensorBytes,
                            range.bytes));
  }
  std::vector<std::byte> content(range.bytes);
  input_.read(range, content);
  return content;
}

std::vector<TensorEntry> FinishEntries(const StoredInput& input, const StoredTensors& stored,
                                       std::vector<PlacedEntry> coded) {
  for (size_t index = 0; index < input.stored.size(); ++index) {
    if (!stored.IsTaken(input.stored[index])) coded.push_back({index, input.stored[index]});
  }
  std::sort(coded.begin(), coded.end(),
            [](const PlacedEntry& a, const PlacedEntry& b) { return a.position < b.position; });
  std::unordered_map<std::string_view, size_t> position_of;
  for (const PlacedEntry& placed : coded) {
    const auto [other, is_new] = position_of.emplace(placed.entry.name, placed.position);
    if (!is_new) {
      throw Error(
          ErrorCode::kInvalidData,
          fmt::format("{} and {} both stand for '{}'", stored.Where(input.stored[other->second]),
                      stored.Where(input.stored[placed.position]), placed.entry.name));
    }
  }
  std::vector<TensorEntry> entries;
  entries.reserve(coded.size());
  for (PlacedEntry& placed : coded) entries.push_back(std::move(placed.entry));
  return entries;
}

}  // namespace hlwq::checkpoint
