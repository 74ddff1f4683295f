// The tensors of opened files on their way to the tensors they stand for, which several of them may
// make together: names, shapes, positions and a way to read a few small ones. No open file is
// needed, so that a format's recognition can be tested and fuzzed on lists of headers.
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "checkpoint/checkpoint.h"

namespace hlwq::checkpoint {

struct StoredInput {
  std::span<const TensorEntry> stored;  // every stored tensor, as PlainStorage; names unique
  std::vector<std::string> file_names;  // by FileRange::file, for messages
  // Fills `out` (range.bytes long) with a stretch of a file.
  std::function<void(const FileRange& range, std::span<std::byte> out)> read;
};

// The tensors of an opened checkpoint, all PlainStorage. Borrows it.
StoredInput StoredInputOf(const Checkpoint& checkpoint);

// The stored tensors by name, and which of them have been given a meaning.
class StoredTensors {
 public:
  explicit StoredTensors(const StoredInput& input);

  // Null when there is no such tensor. Does not mark it.
  const TensorEntry* Find(std::string_view name) const;
  // Marks it as used. Throws Error{kNotFound} when there is none.
  const TensorEntry& Take(std::string_view name);
  bool IsTaken(const TensorEntry& entry) const { return is_taken_[Index(entry)]; }
  // Position in StoredInput::stored.
  size_t Index(const TensorEntry& entry) const {
    return static_cast<size_t>(&entry - input_.stored.data());
  }

  // "x.safetensors: 'name'", the start of every message about a tensor.
  std::string Where(const TensorEntry& entry) const;
  // Throws Error{kInvalidData} unless the dtype is one of `allowed`.
  void RequireDType(const TensorEntry& entry, std::initializer_list<DType> allowed) const;
  // The content of a small tensor. Throws Error{kInvalidData} above 64 KiB.
  std::vector<std::byte> Content(const TensorEntry& entry) const;

  static const FileRange& RangeOf(const TensorEntry& entry) {
    return std::get<PlainStorage>(entry.storage).range;
  }

 private:
  const StoredInput& input_;
  std::unordered_map<std::string_view, size_t> by_name_;
  std::vector<bool> is_taken_;
};

// An entry under construction, with the place that orders it among the others.
struct PlacedEntry {
  size_t position = 0;
  TensorEntry entry;
};

// Adds every tensor not taken as it is, checks that no name occurs twice, and orders all by
// position. Throws Error{kInvalidData} naming both where a coded tensor and another one have the
// same name.
std::vector<TensorEntry> FinishEntries(const StoredInput& input, const StoredTensors& stored,
                                       std::vector<PlacedEntry> coded);

}  // namespace hlwq::checkpoint
