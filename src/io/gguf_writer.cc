#include "io/gguf_writer.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "base/utf8.h"

namespace hlwq::io {
namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr uint32_t kVersion = 3;

class Writer {
 public:
  template <typename T>
  void Number(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    bytes_.append(bytes, sizeof(T));
  }
  void Text(std::string_view text) {
    Number(uint64_t{text.size()});
    bytes_.append(text);
  }
  void Raw(std::string_view bytes) { bytes_.append(bytes); }
  void PadTo(uint64_t alignment) {
    bytes_.resize(CeilDiv<uint64_t>(bytes_.size(), alignment) * alignment);
  }
  std::string Take() && { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// `Stored` is the type in the file; widened integers must fit it.
template <typename Stored, typename Wide>
void WriteNumber(Writer& writer, Wide value) {
  if constexpr (std::is_integral_v<Stored>) {
    if (!std::in_range<Stored>(value)) {
      throw Error(ErrorCode::kInvalidArgument, fmt::format("{} does not fit its type", value));
    }
  }
  writer.Number(static_cast<Stored>(value));
}

// Scalars as GgufValue holds them: widened.
void WriteScalar(Writer& writer, GgufValueType type, uint64_t value) {
  switch (type) {
    case GgufValueType::kUint8:
      return WriteNumber<uint8_t>(writer, value);
    case GgufValueType::kUint16:
      return WriteNumber<uint16_t>(writer, value);
    case GgufValueType::kUint32:
      return WriteNumber<uint32_t>(writer, value);
    case GgufValueType::kUint64:
      return WriteNumber<uint64_t>(writer, value);
    default:
      throw Error(ErrorCode::kInvalidArgument, "an unsigned number of another type");
  }
}
void WriteScalar(Writer& writer, GgufValueType type, int64_t value) {
  switch (type) {
    case GgufValueType::kInt8:
      return WriteNumber<int8_t>(writer, value);
    case GgufValueType::kInt16:
      return WriteNumber<int16_t>(writer, value);
    case GgufValueType::kInt32:
      return WriteNumber<int32_t>(writer, value);
    case GgufValueType::kInt64:
      return WriteNumber<int64_t>(writer, value);
    default:
      throw Error(ErrorCode::kInvalidArgument, "a signed number of another type");
  }
}
void WriteScalar(Writer& writer, GgufValueType type, double value) {
  switch (type) {
    case GgufValueType::kFloat32:
      return WriteNumber<float>(writer, value);
    case GgufValueType::kFloat64:
      return WriteNumber<double>(writer, value);
    default:
      throw Error(ErrorCode::kInvalidArgument, "a float of another type");
  }
}
void WriteScalar(Writer& writer, GgufValueType type, bool value) {
  if (type != GgufValueType::kBool)
    throw Error(ErrorCode::kInvalidArgument, "a bool of another type");
  writer.Number(static_cast<uint8_t>(value));
}
void WriteScalar(Writer& writer, GgufValueType type, const std::string& value) {
  if (type != GgufValueType::kString) {
    throw Error(ErrorCode::kInvalidArgument, "a string of another type");
  }
  if (!IsValidUtf8(value)) throw Error(ErrorCode::kInvalidArgument, "not UTF-8");
  writer.Text(value);
}

template <typename T>
void WriteValue(Writer& writer, GgufValueType type, const T& value) {
  writer.Number(static_cast<uint32_t>(type));
  WriteScalar(writer, type, value);
}
template <typename T>
void WriteValue(Writer& writer, GgufValueType type, const std::vector<T>& values) {
  writer.Number(static_cast<uint32_t>(GgufValueType::kArray));
  writer.Number(static_cast<uint32_t>(type));
  writer.Number(uint64_t{values.size()});
  for (const T& value : values) WriteScalar(writer, type, value);
}

// Fills in where the tensors lie in the data section, and gives its size.
uint64_t PlaceTensors(std::vector<GgufTensor>& tensors, uint64_t alignment) {
  uint64_t position = 0;
  for (GgufTensor& tensor : tensors) {
    const GgufTypeLayout* layout = FindGgufType(tensor.type);
    const std::optional<uint64_t> elements = ElementCount(tensor.shape);
    if (layout == nullptr || !elements || *elements == 0 || tensor.shape.empty() ||
        tensor.shape.size() > 4 || tensor.shape.back() % layout->block_weights != 0) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("'{}': {} of type {} cannot be stored", tensor.name,
                              ShapeToString(tensor.shape), tensor.type));
    }
    const auto bytes = CheckedMul<uint64_t>(*elements / layout->block_weights, layout->block_bytes);
    const auto end = bytes ? CheckedAdd(position, *bytes) : std::nullopt;
    if (!end || *end > std::numeric_limits<int64_t>::max() - alignment) {
      throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}': too large", tensor.name));
    }
    tensor.bytes = *bytes;
    tensor.offset = position;
    position = CeilDiv<uint64_t>(*end, alignment) * alignment;
  }
  return position;
}

}  // namespace

GgufPrefix SerializeGguf(const GgufMetadata& metadata, std::vector<GgufTensor> tensors) {
  const uint64_t alignment = GgufAlignment(metadata);
  GgufPrefix prefix;
  const uint64_t data_bytes = PlaceTensors(tensors, alignment);
  Writer writer;
  writer.Raw(kMagic);
  writer.Number(kVersion);
  writer.Number(uint64_t{tensors.size()});
  writer.Number(uint64_t{metadata.size()});
  for (const auto& [key, value] : metadata.values()) {
    writer.Text(key);
    WithContext(fmt::format("metadata '{}'", key), [&, &type = value.type, &data = value.data] {
      std::visit([&](const auto& content) { WriteValue(writer, type, content); }, data);
    });
  }
  for (const GgufTensor& tensor : tensors) {
    writer.Text(tensor.name);
    writer.Number(static_cast<uint32_t>(tensor.shape.size()));
    for (auto axis = tensor.shape.rbegin(); axis != tensor.shape.rend(); ++axis) {
      writer.Number(uint64_t{*axis});
    }
    writer.Number(tensor.type);
    writer.Number(tensor.offset);
  }
  writer.PadTo(alignment);
  prefix.bytes = std::move(writer).Take();
  prefix.data_offset = prefix.bytes.size();
  prefix.file_bytes = prefix.data_offset + data_bytes;
  if (prefix.data_offset > kMaxGgufHeaderBytes) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("a header of {} bytes, want at most {}",
                                                         prefix.data_offset, kMaxGgufHeaderBytes));
  }
  for (GgufTensor& tensor : tensors) tensor.offset += prefix.data_offset;
  prefix.tensors = std::move(tensors);
  // The reader is the judge of what is left: names that occur twice or are too long.
  try {
    ParseGguf(std::as_bytes(std::span(prefix.bytes)), prefix.file_bytes);
  } catch (const Error& error) {
    throw Error(ErrorCode::kInvalidArgument, error.what());
  }
  return prefix;
}

}  // namespace hlwq::io
