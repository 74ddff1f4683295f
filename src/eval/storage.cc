#include "eval/storage.h"

#include <fmt/format.h>

#include <variant>

namespace hlwq::eval {
namespace {

using checkpoint::CodedStorage;
using checkpoint::DerivedStorage;
using checkpoint::FileRange;
using checkpoint::GgmlStorage;
using checkpoint::PlainStorage;
using checkpoint::ScaledStorage;
using checkpoint::SyntheticStorage;
using checkpoint::TensorEntry;

StorageInfo Describe(const TensorEntry& entry, const PlainStorage&) {
  return {.name = std::string(DTypeName(entry.dtype)), .is_number = IsWeightFloat(entry.dtype)};
}

StorageInfo Describe(const TensorEntry&, const CodedStorage& storage) {
  const codec::CodecSpec& spec = storage.spec;
  const codec::SpecWords words = codec::DescribeSpec(spec);
  return {.name = fmt::format("{} {} {} {}", words.name, spec.bits, spec.bits == 1 ? "bit" : "bits",
                              words.table),
          .codec = words.name,
          .bits = spec.bits};
}

StorageInfo Describe(const TensorEntry&, const GgmlStorage& storage) {
  StorageInfo info{.name = std::string(codec::GgmlTypeName(storage.type))};
  switch (storage.type) {
    case codec::GgmlType::kF32:
    case codec::GgmlType::kF16:
    case codec::GgmlType::kBF16:
      return info;
    case codec::GgmlType::kQ4_0:
    case codec::GgmlType::kQ4_1:
    case codec::GgmlType::kQ4_K:
      info.bits = 4;
      break;
    case codec::GgmlType::kQ5_0:
    case codec::GgmlType::kQ5_1:
    case codec::GgmlType::kQ5_K:
      info.bits = 5;
      break;
    case codec::GgmlType::kQ6_K:
      info.bits = 6;
      break;
    case codec::GgmlType::kQ8_0:
      info.bits = 8;
      break;
  }
  info.codec = "ggml";
  return info;
}

StorageInfo Describe(const TensorEntry&, const ScaledStorage& storage) {
  std::string name(DTypeName(storage.type));
  if (storage.scales.bytes != 0) {
    const uint64_t rows = std::min(storage.scale_rows, storage.matrix.out);
    const uint64_t columns = std::min(storage.scale_columns, storage.matrix.in);
    name += fmt::format(" with {} scales of {} x {}", DTypeName(storage.scale_type), rows, columns);
  }
  return {.name = std::move(name),
          .codec = "scaled",
          .bits = static_cast<int>(BitsPerElement(storage.type))};
}

StorageInfo Describe(const TensorEntry& entry, const SyntheticStorage&) {
  return {.name = fmt::format("synthetic {}", DTypeName(entry.dtype)),
          .bytes = TensorBytes(entry.dtype, entry.shape).value_or(0)};
}

// Its bytes are those of the tensor it is made from.
StorageInfo Describe(const TensorEntry&, const DerivedStorage& storage) {
  StorageInfo info = DescribeStorage(*storage.origin);
  info.name = "made from " + info.name;
  info.bytes = 0;
  return info;
}

}  // namespace

StorageInfo DescribeStorage(const TensorEntry& entry) {
  StorageInfo info =
      std::visit([&](const auto& storage) { return Describe(entry, storage); }, entry.storage);
  for (const FileRange& range : StoredRanges(entry)) info.bytes += range.bytes;
  return info;
}

std::vector<FileRange> StoredRanges(const TensorEntry& entry) {
  if (const auto* plain = std::get_if<PlainStorage>(&entry.storage)) return {plain->range};
  if (const auto* ggml = std::get_if<GgmlStorage>(&entry.storage)) return {ggml->range};
  if (const auto* derived = std::get_if<DerivedStorage>(&entry.storage)) {
    return StoredRanges(*derived->origin);
  }
  if (const auto* scaled = std::get_if<ScaledStorage>(&entry.storage)) {
    return {scaled->values, scaled->scales};
  }
  std::vector<FileRange> ranges;
  if (const auto* coded = std::get_if<CodedStorage>(&entry.storage)) {
    for (const checkpoint::CodedSlice& slice : coded->slices) {
      ranges.insert(ranges.end(), slice.row_parts.begin(), slice.row_parts.end());
    }
  }
  return ranges;
}

}  // namespace hlwq::eval
