#include "io/gguf.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/utf8.h"

namespace hlwq::io {
namespace {

static_assert(std::endian::native == std::endian::little, "the reader copies numbers as they are");

constexpr uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr uint64_t kMaxKeyBytes = 65535;
constexpr uint32_t kMaxAxes = 4;
constexpr uint64_t kMaxAlignment = 1u << 20;

constexpr std::array kTypes = {
    GgufTypeLayout{0, "F32", 1, 4},         GgufTypeLayout{1, "F16", 1, 2},
    GgufTypeLayout{2, "Q4_0", 32, 18},      GgufTypeLayout{3, "Q4_1", 32, 20},
    GgufTypeLayout{6, "Q5_0", 32, 22},      GgufTypeLayout{7, "Q5_1", 32, 24},
    GgufTypeLayout{8, "Q8_0", 32, 34},      GgufTypeLayout{9, "Q8_1", 32, 36},
    GgufTypeLayout{10, "Q2_K", 256, 84},    GgufTypeLayout{11, "Q3_K", 256, 110},
    GgufTypeLayout{12, "Q4_K", 256, 144},   GgufTypeLayout{13, "Q5_K", 256, 176},
    GgufTypeLayout{14, "Q6_K", 256, 210},   GgufTypeLayout{15, "Q8_K", 256, 292},
    GgufTypeLayout{16, "IQ2_XXS", 256, 66}, GgufTypeLayout{17, "IQ2_XS", 256, 74},
    GgufTypeLayout{18, "IQ3_XXS", 256, 98}, GgufTypeLayout{19, "IQ1_S", 256, 50},
    GgufTypeLayout{20, "IQ4_NL", 32, 18},   GgufTypeLayout{21, "IQ3_S", 256, 110},
    GgufTypeLayout{22, "IQ2_S", 256, 82},   GgufTypeLayout{23, "IQ4_XS", 256, 136},
    GgufTypeLayout{24, "I8", 1, 1},         GgufTypeLayout{25, "I16", 1, 2},
    GgufTypeLayout{26, "I32", 1, 4},        GgufTypeLayout{27, "I64", 1, 8},
    GgufTypeLayout{28, "F64", 1, 8},        GgufTypeLayout{29, "IQ1_M", 256, 56},
    GgufTypeLayout{30, "BF16", 1, 2},       GgufTypeLayout{34, "TQ1_0", 256, 54},
    GgufTypeLayout{35, "TQ2_0", 256, 66},   GgufTypeLayout{39, "MXFP4", 32, 17},
};

// Thrown when the bytes at hand end before the header does although the file goes on.
struct NeedsMoreBytes {};

// Reads forward through the header; every read is bounded by the bytes that are there.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, uint64_t file_bytes)
      : bytes_(bytes), file_bytes_(file_bytes) {}

  uint64_t position() const noexcept { return position_; }

  template <typename T>
  T Read(std::string_view what) {
    T value;
    Require(sizeof(T), what);
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  std::string ReadString(uint64_t max_bytes, std::string_view what) {
    const auto length = Read<uint64_t>(what);
    if (length > max_bytes) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("{}: {} bytes long, want at most {}", what, length, max_bytes));
    }
    Require(length, what);
    std::string text(reinterpret_cast<const char*>(bytes_.data()) + position_, length);
    position_ += length;
    if (!IsValidUtf8(text)) {
      throw Error(ErrorCode::kInvalidData, fmt::format("{}: not UTF-8", what));
    }
    return text;
  }

  // A count of things that take at least `min_bytes` each.
  uint64_t ReadCount(uint64_t min_bytes, std::string_view what) {
    const auto count = Read<uint64_t>(what);
    if (count > (file_bytes_ - position_) / min_bytes) {
      throw Error(ErrorCode::kInvalidData, fmt::format("{}: {} do not fit into a file of {} bytes",
                                                       what, count, file_bytes_));
    }
    // Arrays are allocated for `count` at once: all of it must be at hand, not only in the file.
    if (count > (bytes_.size() - position_) / min_bytes) throw NeedsMoreBytes{};
    return count;
  }

 private:
  void Require(uint64_t length, std::string_view what) const {
    if (length <= bytes_.size() - position_) return;
    if (length <= file_bytes_ - position_) throw NeedsMoreBytes{};
    throw Error(ErrorCode::kInvalidData,
                fmt::format("{}: the file ends at byte {}", what, file_bytes_));
  }

  std::span<const std::byte> bytes_;
  uint64_t file_bytes_;
  uint64_t position_ = 0;
};

GgufValueType ReadType(Cursor& cursor, std::string_view what) {
  const auto number = cursor.Read<uint32_t>(what);
  if (number > static_cast<uint32_t>(GgufValueType::kFloat64)) {
    throw Error(ErrorCode::kInvalidData, fmt::format("{}: unknown value type {}", what, number));
  }
  return static_cast<GgufValueType>(number);
}

uint64_t MinBytes(GgufValueType type) noexcept {
  switch (type) {
    case GgufValueType::kUint8:
    case GgufValueType::kInt8:
    case GgufValueType::kBool:
      return 1;
    case GgufValueType::kUint16:
    case GgufValueType::kInt16:
      return 2;
    case GgufValueType::kUint32:
    case GgufValueType::kInt32:
    case GgufValueType::kFloat32:
      return 4;
    default:
      return 8;  // strings: their length field
  }
}

bool ReadBool(Cursor& cursor, std::string_view what) {
  const auto byte = cursor.Read<uint8_t>(what);
  if (byte > 1) {
    throw Error(ErrorCode::kInvalidData, fmt::format("{}: bool of value {}", what, byte));
  }
  return byte != 0;
}

// Calls `use` with a function that reads one scalar of `type`, widened.
template <typename Use>
void WithScalarReader(GgufValueType type, Cursor& cursor, std::string_view what, Use use) {
  switch (type) {
    case GgufValueType::kUint8:
      use([&]() -> uint64_t { return cursor.Read<uint8_t>(what); });
      break;
    case GgufValueType::kInt8:
      use([&]() -> int64_t { return cursor.Read<int8_t>(what); });
      break;
    case GgufValueType::kUint16:
      use([&]() -> uint64_t { return cursor.Read<uint16_t>(what); });
      break;
    case GgufValueType::kInt16:
      use([&]() -> int64_t { return cursor.Read<int16_t>(what); });
      break;
    case GgufValueType::kUint32:
      use([&]() -> uint64_t { return cursor.Read<uint32_t>(what); });
      break;
    case GgufValueType::kInt32:
      use([&]() -> int64_t { return cursor.Read<int32_t>(what); });
      break;
    case GgufValueType::kUint64:
      use([&]() -> uint64_t { return cursor.Read<uint64_t>(what); });
      break;
    case GgufValueType::kInt64:
      use([&]() -> int64_t { return cursor.Read<int64_t>(what); });
      break;
    case GgufValueType::kFloat32:
      use([&]() -> double { return cursor.Read<float>(what); });
      break;
    case GgufValueType::kFloat64:
      use([&]() -> double { return cursor.Read<double>(what); });
      break;
    case GgufValueType::kBool:
      use([&]() -> bool { return ReadBool(cursor, what); });
      break;
    case GgufValueType::kString:
      use([&]() -> std::string { return cursor.ReadString(kMaxGgufHeaderBytes, what); });
      break;
    case GgufValueType::kArray:
      throw Error(ErrorCode::kUnsupported, fmt::format("{}: array of arrays", what));
  }
}

GgufValue ReadValue(Cursor& cursor, std::string_view what) {
  GgufValue value;
  value.type = ReadType(cursor, what);
  const bool is_array = value.type == GgufValueType::kArray;
  uint64_t count = 1;
  if (is_array) {
    value.type = ReadType(cursor, what);
    count = cursor.ReadCount(MinBytes(value.type), what);
  }
  WithScalarReader(value.type, cursor, what, [&](auto read) {
    if (!is_array) {
      value.data = read();
      return;
    }
    std::vector<decltype(read())> elements;
    elements.reserve(count);
    for (uint64_t index = 0; index < count; ++index) elements.push_back(read());
    value.data = std::move(elements);
  });
  return value;
}

// Everything but the position of the data, which is known only after the last of them; `offset`
// still counts from the data section.
GgufTensor ReadTensorInfo(Cursor& cursor) {
  GgufTensor tensor;
  tensor.name = cursor.ReadString(kMaxKeyBytes, "tensor name");
  const auto fail = [&](ErrorCode code, const std::string& message) {
    throw Error(code, fmt::format("'{}': {}", tensor.name, message));
  };
  const std::string what = fmt::format("'{}'", tensor.name);
  const auto axes = cursor.Read<uint32_t>(what);
  if (axes < 1 || axes > kMaxAxes) {
    fail(ErrorCode::kInvalidData, fmt::format("want 1 to {} axes, got {}", kMaxAxes, axes));
  }
  for (uint32_t axis = 0; axis < axes; ++axis) tensor.shape.push_back(cursor.Read<uint64_t>(what));
  std::reverse(tensor.shape.begin(), tensor.shape.end());
  tensor.type = cursor.Read<uint32_t>(what);
  tensor.offset = cursor.Read<uint64_t>(what);

  const GgufTypeLayout* layout = FindGgufType(tensor.type);
  if (layout == nullptr) {
    fail(ErrorCode::kUnsupported, fmt::format("unknown tensor type {}", tensor.type));
  }
  const std::optional<uint64_t> elements = ElementCount(tensor.shape);
  if (!elements || *elements == 0) {
    fail(ErrorCode::kInvalidData, fmt::format("shape {} has no size", ShapeToString(tensor.shape)));
  }
  if (tensor.shape.back() % layout->block_weights != 0) {
    fail(ErrorCode::kInvalidData,
         fmt::format("rows of {} are not whole {} blocks of {}", tensor.shape.back(), layout->name,
                     layout->block_weights));
  }
  const std::optional<uint64_t> bytes =
      CheckedMul<uint64_t>(*elements / layout->block_weights, layout->block_bytes);
  if (!bytes) {
    fail(ErrorCode::kInvalidData,
         fmt::format("shape {} is too large", ShapeToString(tensor.shape)));
  }
  tensor.bytes = *bytes;
  return tensor;
}

void PlaceTensors(GgufHeader& header, uint64_t file_bytes) {
  std::unordered_set<std::string_view> names;
  for (GgufTensor& tensor : header.tensors) {
    const auto fail = [&](const std::string& message) {
      throw Error(ErrorCode::kInvalidData, fmt::format("'{}': {}", tensor.name, message));
    };
    if (!names.insert(tensor.name).second) fail("the name occurs twice");
    if (tensor.offset % header.alignment != 0) {
      fail(fmt::format("offset {} is not a multiple of {}", tensor.offset, header.alignment));
    }
    const auto begin = CheckedAdd(header.data_offset, tensor.offset);
    const auto end = begin ? CheckedAdd(*begin, tensor.bytes) : std::nullopt;
    if (!end || *end > file_bytes) {
      fail(fmt::format("{} bytes at offset {} of the data do not fit into a file of {} bytes",
                       tensor.bytes, tensor.offset, file_bytes));
    }
    tensor.offset = *begin;
  }
  std::vector<const GgufTensor*> by_offset;
  by_offset.reserve(header.tensors.size());
  for (const GgufTensor& tensor : header.tensors) by_offset.push_back(&tensor);
  std::sort(by_offset.begin(), by_offset.end(),
            [](const auto* a, const auto* b) { return a->offset < b->offset; });
  for (size_t index = 1; index < by_offset.size(); ++index) {
    const GgufTensor& before = *by_offset[index - 1];
    if (before.offset + before.bytes > by_offset[index]->offset) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("'{}' overlaps '{}'", by_offset[index]->name, before.name));
    }
  }
}

GgufHeader Parse(std::span<const std::byte> bytes, uint64_t file_bytes) {
  Cursor cursor(bytes, file_bytes);
  GgufHeader header;
  const auto magic = cursor.Read<uint32_t>("magic");
  if (magic != kMagic) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("want a file that begins with GGUF, got bytes {:08x}",
                            __builtin_bswap32(magic)));
  }
  header.version = cursor.Read<uint32_t>("version");
  if (header.version != 0 && (header.version & 0xFFFF) == 0) {
    throw Error(ErrorCode::kUnsupported, "big-endian GGUF");
  }
  if (header.version != 2 && header.version != 3) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("GGUF version {} (known: 2, 3)", header.version));
  }
  // A tensor record takes at least 32 bytes, a pair 13; both counts are checked before any loop.
  const uint64_t tensor_count = cursor.ReadCount(32, "tensor count");
  const uint64_t pair_count = cursor.ReadCount(13, "metadata count");
  for (uint64_t index = 0; index < pair_count; ++index) {
    std::string key = cursor.ReadString(kMaxKeyBytes, "metadata key");
    GgufValue value = ReadValue(cursor, fmt::format("metadata '{}'", key));
    if (!header.metadata.Add(key, std::move(value))) {
      throw Error(ErrorCode::kInvalidData, fmt::format("metadata '{}' occurs twice", key));
    }
  }
  header.tensors.reserve(tensor_count);
  for (uint64_t index = 0; index < tensor_count; ++index) {
    header.tensors.push_back(ReadTensorInfo(cursor));
  }
  header.alignment = GgufAlignment(header.metadata);
  header.data_offset = CeilDiv<uint64_t>(cursor.position(), header.alignment) * header.alignment;
  PlaceTensors(header, file_bytes);
  // Without tensors the file may end right after the header, unpadded.
  header.data_offset = std::min(header.data_offset, file_bytes);
  return header;
}

}  // namespace

uint64_t GgufAlignment(const GgufMetadata& metadata) {
  const std::optional<uint64_t> alignment = metadata.Uint("general.alignment");
  if (!alignment) return 32;
  if (!std::has_single_bit(*alignment) || *alignment > kMaxAlignment) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("metadata 'general.alignment': want a power of two up to {}, got {}",
                            kMaxAlignment, *alignment));
  }
  return *alignment;
}

const GgufTypeLayout* FindGgufType(uint32_t number) noexcept {
  const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const auto& layout) { return layout.number == number; });
  return found == kTypes.end() ? nullptr : &*found;
}

const GgufTensor* GgufHeader::Find(std::string_view name) const {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const auto& tensor) { return tensor.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

std::optional<GgufHeader> TryParseGguf(std::span<const std::byte> bytes, uint64_t file_bytes) {
  try {
    return Parse(bytes, file_bytes);
  } catch (const NeedsMoreBytes&) {
    return std::nullopt;
  }
}

GgufHeader ParseGguf(std::span<const std::byte> bytes, uint64_t file_bytes) {
  std::optional<GgufHeader> header = TryParseGguf(bytes, file_bytes);
  if (!header) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("the header does not end within {} bytes", bytes.size()));
  }
  return *std::move(header);
}

GgufFile GgufFile::Open(const std::filesystem::path& path) { return Open(File::OpenForRead(path)); }

GgufFile GgufFile::Open(File file) {
  GgufFile gguf;
  gguf.file_ = std::move(file);
  WithContext(gguf.file_.path().string(), [&] {
    const uint64_t file_bytes = gguf.file_.SizeBytes();
    const uint64_t limit = std::min(file_bytes, kMaxGgufHeaderBytes);
    std::vector<std::byte> bytes;
    // The header does not say how long it is: read more until it parses. Doubling keeps the work
    // within twice that of the last round.
    for (uint64_t want = 1u << 20;; want *= 2) {
      const uint64_t have = bytes.size();
      bytes.resize(std::min(want, limit));
      gguf.file_.ReadAt(have, std::span(bytes).subspan(have));
      std::optional<GgufHeader> header = TryParseGguf(bytes, file_bytes);
      if (header && header->data_offset <= bytes.size()) {
        gguf.header_ = *std::move(header);
        gguf.header_hash_ = Xxh3(std::span(bytes).first(gguf.header_.data_offset));
        return;
      }
      if (bytes.size() == limit) {
        throw Error(ErrorCode::kInvalidData,
                    fmt::format("the header does not end within {} bytes", limit));
      }
    }
  });
  return gguf;
}

}  // namespace hlwq::io
