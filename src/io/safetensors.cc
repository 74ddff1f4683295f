#include "io/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"

namespace hlwq::io {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "safetensors lengths are read in place");

constexpr size_t kMaxRank = 64;
constexpr uint64_t kDataAlignment = 64;

[[noreturn]] void Fail(std::string message) {
  throw Error(ErrorCode::kInvalidData, std::move(message));
}

std::string Quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

// Reads the header's grammar as it streams by:
//   { name: {"dtype": string, "shape": [unsigned...], "data_offsets": [begin, end]}...,
//     "__metadata__": {string: string} or null }
// A document tree of a hostile 100 MB header would take gigabytes; this holds the entries only.
class HeaderReader final : public nlohmann::json_sax<json> {
 public:
  std::vector<SafetensorsEntry> entries;
  std::map<std::string, std::string> metadata;

  bool null() override {
    if (state_ != State::kMetadataObject) return Unexpected("null");
    state_ = State::kTop;  // as if it were absent
    return true;
  }
  bool boolean(bool) override { return Unexpected("a boolean"); }
  bool number_integer(number_integer_t) override { return Unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return Unexpected("a fraction"); }
  bool binary(binary_t&) override { return Unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (state_ != State::kShape && state_ != State::kOffsets) return Unexpected("a number");
    std::vector<uint64_t>& list = state_ == State::kShape ? entries.back().shape : offsets_;
    const size_t limit = state_ == State::kShape ? kMaxRank : 2;
    if (list.size() == limit) {
      Fail(Where() + ": " + key_ + ": want at most " + std::to_string(limit) + " numbers");
    }
    list.push_back(value);
    return true;
  }

  bool string(string_t& value) override {
    if (state_ == State::kMetadataValue) {
      metadata[key_] = value;
      state_ = State::kMetadata;
      return true;
    }
    if (state_ != State::kValue || key_ != "dtype") return Unexpected("a string");
    const auto dtype = DTypeFromName(value);
    if (!dtype) Fail(Where() + ": unknown dtype '" + value + "'");
    entries.back().dtype = *dtype;
    state_ = State::kEntry;
    return true;
  }

  bool start_object(size_t) override {
    switch (state_) {
      case State::kStart:
        state_ = State::kTop;
        return true;
      case State::kTensor:
        state_ = State::kEntry;
        has_dtype_ = has_shape_ = has_offsets_ = false;
        offsets_.clear();
        entries.push_back({.name = name_});
        return true;
      case State::kMetadataObject:
        state_ = State::kMetadata;
        return true;
      default:
        return Unexpected("an object");
    }
  }

  bool key(string_t& name) override {
    if (state_ == State::kTop) {
      if (!names_.insert(name).second) Fail("tensor " + Quoted(name) + " occurs twice");
      name_ = name;
      state_ = name == "__metadata__" ? State::kMetadataObject : State::kTensor;
    } else if (state_ == State::kMetadata) {
      if (metadata.contains(name)) Fail("__metadata__: key " + Quoted(name) + " occurs twice");
      key_ = name;
      state_ = State::kMetadataValue;
    } else {  // kEntry: the grammar admits keys nowhere else
      bool* seen = name == "dtype"          ? &has_dtype_
                   : name == "shape"        ? &has_shape_
                   : name == "data_offsets" ? &has_offsets_
                                            : nullptr;
      if (seen == nullptr) Fail(Where() + ": unknown key " + Quoted(name));
      if (*seen) Fail(Where() + ": key " + Quoted(name) + " occurs twice");
      *seen = true;
      key_ = name;
      state_ = State::kValue;
    }
    return true;
  }

  bool end_object() override {
    if (state_ == State::kEntry) {
      if (!has_dtype_ || !has_shape_ || !has_offsets_) {
        Fail(Where() + ": want dtype, shape and data_offsets");
      }
      if (offsets_.size() != 2) {
        Fail(Where() + ": data_offsets: want 2 numbers, got " + std::to_string(offsets_.size()));
      }
      entries.back().begin = offsets_[0];
      entries.back().end = offsets_[1];
    }
    state_ = state_ == State::kTop ? State::kDone : State::kTop;
    return true;
  }

  bool start_array(size_t) override {
    if (state_ != State::kValue || key_ == "dtype") return Unexpected("a list");
    state_ = key_ == "shape" ? State::kShape : State::kOffsets;
    return true;
  }

  bool end_array() override {
    state_ = State::kEntry;
    return true;
  }

  bool parse_error(size_t position, const std::string&, const json::exception& failure) override {
    Fail("header is not JSON at byte " + std::to_string(position) + ": " + failure.what());
  }

 private:
  enum class State {
    kStart,
    kTop,
    kTensor,
    kEntry,
    kValue,
    kShape,
    kOffsets,
    kMetadataObject,
    kMetadata,
    kMetadataValue,
    kDone,
  };

  std::string Where() const { return "tensor " + Quoted(name_); }

  bool Unexpected(std::string_view what) const {
    if (state_ == State::kStart) Fail("header: want an object, got " + std::string(what));
    if (state_ == State::kMetadataObject || state_ == State::kMetadataValue) {
      Fail("__metadata__: want strings by name, got " + std::string(what));
    }
    const bool inside =
        state_ == State::kValue || state_ == State::kShape || state_ == State::kOffsets;
    Fail(Where() + (inside ? ": " + key_ : std::string()) + ": unexpected " + std::string(what));
  }

  State state_ = State::kStart;
  std::string name_;  // of the tensor being read
  std::string key_;   // inside it, or inside __metadata__
  bool has_dtype_ = false, has_shape_ = false, has_offsets_ = false;
  std::vector<uint64_t> offsets_;
  std::set<std::string> names_;
};

// Offsets in bounds, sizes that fit, and no byte of the data section unclaimed or claimed twice.
void CheckLayout(std::vector<SafetensorsEntry>& entries, uint64_t data_bytes) {
  for (const SafetensorsEntry& entry : entries) {
    const std::string where = "tensor " + Quoted(entry.name);
    if (entry.begin > entry.end || entry.end > data_bytes) {
      Fail(where + ": data_offsets [" + std::to_string(entry.begin) + ", " +
           std::to_string(entry.end) + "] outside the data section of " +
           std::to_string(data_bytes) + " bytes");
    }
    const auto bytes = TensorBytes(entry.dtype, entry.shape);
    if (!bytes) {
      Fail(where + ": shape " + ShapeToString(entry.shape) + " of " +
           std::string(DTypeName(entry.dtype)) + " has no size in whole 64-bit bytes");
    }
    if (*bytes != entry.bytes()) {
      Fail(where + ": " + std::string(DTypeName(entry.dtype)) + " " + ShapeToString(entry.shape) +
           " wants " + std::to_string(*bytes) + " bytes, data_offsets give " +
           std::to_string(entry.bytes()));
    }
  }
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  uint64_t covered = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin != covered) {
      Fail("tensor " + Quoted(entry.name) +
           (entry.begin < covered ? ": overlaps the tensor before it"
                                  : ": leaves a hole before it") +
           ": want begin " + std::to_string(covered) + ", got " + std::to_string(entry.begin));
    }
    covered = entry.end;
  }
  if (covered != data_bytes) {
    Fail("data section: tensors cover " + std::to_string(covered) + " of " +
         std::to_string(data_bytes) + " bytes");
  }
}

}  // namespace

SafetensorsHeader ParseSafetensorsHeader(std::string_view text, uint64_t data_bytes) {
  RefuseZeroBytes(text);
  HeaderReader reader;
  try {
    json::sax_parse(text.begin(), text.end(), &reader);
  } catch (const json::exception& failure) {
    Fail(std::string("header is not JSON: ") + failure.what());
  }
  SafetensorsHeader header;
  header.entries = std::move(reader.entries);
  header.metadata = std::move(reader.metadata);
  CheckLayout(header.entries, data_bytes);
  return header;
}

std::string SerializeSafetensorsHeader(std::span<const SafetensorsEntry> entries,
                                       const std::map<std::string, std::string>& metadata) {
  // Written by hand because the order of keys is part of the bytes: as laid out, not alphabetical.
  std::string text = "{";
  const auto separate = [&] {
    if (text.size() > 1) text += ',';
  };
  if (!metadata.empty()) text += "\"__metadata__\":" + json(metadata).dump();
  for (const SafetensorsEntry& entry : entries) {
    separate();
    text += json(entry.name).dump() + ":{\"dtype\":\"" + std::string(DTypeName(entry.dtype)) +
            "\",\"shape\":" + json(entry.shape).dump() + ",\"data_offsets\":[" +
            std::to_string(entry.begin) + ',' + std::to_string(entry.end) + "]}";
  }
  text += '}';
  const uint64_t unpadded = 8 + text.size();
  text.append((kDataAlignment - unpadded % kDataAlignment) % kDataAlignment, ' ');
  const uint64_t length = text.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + text;
}

SafetensorsFile SafetensorsFile::Open(const std::filesystem::path& path) {
  return Open(File::OpenForRead(path));
}

SafetensorsFile SafetensorsFile::Open(File file) {
  SafetensorsFile result;
  result.file_ = std::move(file);
  WithContext(result.file_.path().string(), [&] {
    const uint64_t file_bytes = result.file_.SizeBytes();
    if (file_bytes < 8) {
      Fail("want a safetensors file, got " + std::to_string(file_bytes) + " bytes");
    }
    uint64_t length = 0;
    std::array<std::byte, 8> prefix;
    result.file_.ReadAt(0, prefix);
    std::memcpy(&length, prefix.data(), 8);
    if (length > kMaxSafetensorsHeaderBytes) {
      Fail("header length: want at most " + std::to_string(kMaxSafetensorsHeaderBytes) + ", got " +
           std::to_string(length));
    }
    if (length > file_bytes - 8) {
      Fail("header length " + std::to_string(length) + " is past the end of a file of " +
           std::to_string(file_bytes) + " bytes");
    }
    std::string text(length, '\0');
    result.file_.ReadAt(8, std::as_writable_bytes(std::span(text)));
    result.header_ = ParseSafetensorsHeader(text, file_bytes - 8 - length);
    result.header_.data_offset = 8 + length;
    Xxh3Stream hash;
    hash.Update(prefix);
    hash.Update(std::as_bytes(std::span(text)));
    result.header_hash_ = hash.Digest();
  });
  return result;
}

}  // namespace hlwq::io
