// GGUF files, versions 2 and 3 (docs/gguf.md): a strict parser of the header for hostile bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "io/gguf_value.h"
#include "tensor/shape.h"

namespace hlwq::io {

// Real headers are a few MB (the vocabulary); nothing larger than this is read.
inline constexpr uint64_t kMaxGgufHeaderBytes = 128u << 20;

// How a ggml tensor type lays out weights: rows are whole blocks.
struct GgufTypeLayout {
  uint32_t number = 0;
  std::string_view name;
  uint32_t block_weights = 0;
  uint32_t block_bytes = 0;
};

// Every type that ggml has defined, decodable by hlwq or not; nullptr for an unknown number.
const GgufTypeLayout* FindGgufType(uint32_t number) noexcept;

// What the data section and every tensor in it are aligned to: general.alignment, 32 by default.
// Throws Error{kInvalidData} unless it is a power of two up to 2^20.
uint64_t GgufAlignment(const GgufMetadata& metadata);

struct GgufTensor {
  std::string name;
  Shape shape;          // outermost axis first: reversed with respect to the file
  uint32_t type = 0;    // number of a GgufTypeLayout
  uint64_t offset = 0;  // of the first byte in the file
  uint64_t bytes = 0;
  size_t file = 0;  // of a model that is split into several
};

struct GgufHeader {
  uint32_t version = 0;
  uint64_t alignment = 32;
  uint64_t data_offset = 0;  // of the data section in the file
  GgufMetadata metadata;
  std::vector<GgufTensor> tensors;  // in the order of the file

  const GgufTensor* Find(std::string_view name) const;  // nullptr when absent; linear
};

// Parses the header at the start of `bytes`, which hold the file or as much of it as its header
// needs; `file_bytes` is the size of the whole file. Checked: every count and length against the
// bytes that are there before anything is allocated, UTF-8, unique keys and tensor names, sizes
// without overflow, whole blocks, aligned offsets, ranges inside the file that do not overlap.
// Throws Error{kInvalidData}, or {kUnsupported} for other versions, byte order, nested arrays and
// unknown tensor types. Cost: linear, plus a sort of the tensors.
GgufHeader ParseGguf(std::span<const std::byte> bytes, uint64_t file_bytes);

// The same, but nothing when `bytes` is too short a prefix of the file.
std::optional<GgufHeader> TryParseGguf(std::span<const std::byte> bytes, uint64_t file_bytes);

// An open file with a checked header. Reading through file() is thread-safe.
class GgufFile {
 public:
  // Errors carry the path.
  static GgufFile Open(const std::filesystem::path& path);
  static GgufFile Open(File file);

  const GgufHeader& header() const noexcept { return header_; }
  const File& file() const noexcept { return file_; }
  uint64_t header_hash() const noexcept { return header_hash_; }  // XXH3 of [0, data_offset)
  // Gives the header away; header() is empty from then on.
  GgufHeader TakeHeader() noexcept { return std::exchange(header_, {}); }
  // Gives the descriptor away; file() is closed from then on.
  File TakeFile() && noexcept { return std::move(file_); }

 private:
  File file_;
  GgufHeader header_;
  uint64_t header_hash_ = 0;
};

}  // namespace hlwq::io
