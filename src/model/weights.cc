#include "model/weights.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "checkpoint/row_reader.h"
#include "codec/bitpack.h"
#include "kernels/cpu_backend.h"

namespace hlwq::model {
namespace {

using checkpoint::CodedStorage;
using checkpoint::PlainStorage;
using checkpoint::TensorEntry;

std::string Where(const checkpoint::Checkpoint& checkpoint) { return checkpoint.root.string(); }

}  // namespace

Weights::Weights(checkpoint::Checkpoint checkpoint) : checkpoint_(std::move(checkpoint)) {
  if (checkpoint_.config.is_null()) {
    throw Error(ErrorCode::kNotFound,
                Where(checkpoint_) + ": no config.json: a model is run by what it says");
  }
  std::vector<std::string> names;
  for (const TensorEntry& entry : checkpoint_.tensors) {
    names.push_back(entry.name);
    entries_.emplace(entry.name, &entry);
  }
  notes_ = checkpoint::ClassifyTensors(checkpoint_).notes;
  const checkpoint::CatalogLayout layout = checkpoint::DetectLayout(names);
  prefix_ = layout.prefix;
  if (const auto catalog = checkpoint::BuildCatalog(checkpoint_.config, layout)) {
    for (const checkpoint::TensorSpec& spec : catalog->tensors) expected_[spec.name] = spec.shape;
  }
  for (const File& file : checkpoint_.files) files_.emplace_back(file);
}

const TensorEntry& Weights::Entry(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found != entries_.end()) return *found->second;
  const auto expected = expected_.find(name);
  const std::string shape =
      expected == expected_.end() ? "" : fmt::format(" {}", ShapeToString(expected->second));
  throw Error(ErrorCode::kNotFound, fmt::format("{}: '{}': want it{} by config.json, but it is missing",
                                                Where(checkpoint_), name, shape));
}

// Sizes were checked against the files when they were opened; a file cut shorter since then shows
// here rather than as a bus error.
std::span<const std::byte> Weights::Bytes(const checkpoint::FileRange& range) const {
  const std::span<const std::byte> bytes = files_[range.file].bytes();
  if (range.offset > bytes.size() || range.bytes > bytes.size() - range.offset) {
    throw Error(ErrorCode::kSourceChanged,
                fmt::format("{}: want {} bytes, got {}: the file was cut shorter",
                            checkpoint_.files[range.file].path().string(),
                            range.offset + range.bytes, bytes.size()));
  }
  return bytes.subspan(range.offset, range.bytes);
}

const Weights::CodeTables& Weights::TablesFor(const codec::CodecSpec& spec) {
  for (const auto& tables : tables_) {
    if (tables->spec == spec) return *tables;
  }
  std::optional<codec::TrellisTable> trellis;
  if (spec.name == codec::kTrellisCodec) {
    trellis = WithContext(Where(checkpoint_),
                          [&] { return codec::TrellisTable(spec.levels, spec.bits); });
  }
  Buffer<float> levels(256);
  std::copy(spec.levels.begin(), spec.levels.end(), levels.data());
  kernels::DotLevels dots =
      trellis ? kernels::DotLevels::OfTrellis(*trellis) : kernels::DotLevels(spec.levels);
  tables_.push_back(std::make_unique<CodeTables>(
      CodeTables{spec, std::move(trellis), dots, std::move(levels)}));
  return *tables_.back();
}

StoredMatrix Weights::Coded(const TensorEntry& entry, const CodedStorage& storage) {
  const auto refuse = [&] {
    return Error(ErrorCode::kUnsupported,
                 fmt::format("{}: '{}': codec '{}' with {} slices has no matrix product",
                             Where(checkpoint_), entry.name, storage.spec.name,
                             storage.slices.size()));
  };
  if (storage.slices.size() != 1) throw refuse();
  const checkpoint::CodedSlice& slice = storage.slices.front();
  const auto part = [&](size_t index) { return Bytes(slice.row_parts.at(index)); };
  if (storage.spec.name == codec::kTrellisCodec) {
    const CodeTables& tables = TablesFor(storage.spec);
    return TrellisMatrix{{.shape = storage.matrix,
                          .levels = &tables.dots,
                          .codes = part(0),
                          .scales = part(1),
                          .row_scales = part(2)},
                         &*tables.trellis};
  }
  const auto order = codec::BitOrderFromName(storage.spec.bit_order);
  if (storage.spec.name != "hlwq" || !order) throw refuse();
  const CodeTables& tables = TablesFor(storage.spec);
  return HlwqMatrix{{.shape = storage.matrix,
                     .order = *order,
                     .levels = &tables.dots,
                     .packed = part(0),
                     .norms = part(1),
                     .norm_dtype = storage.norm_dtype},
                    tables.levels.data()};
}

kernels::DenseMatrix Weights::Dense(const TensorEntry& entry) {
  if (!IsWeightFloat(entry.dtype)) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("{}: '{}': want F16, BF16, F32 or codes, got {}", Where(checkpoint_),
                            entry.name, DTypeName(entry.dtype)));
  }
  const MatrixShape shape = entry.AsMatrix();
  if (const auto* plain = std::get_if<PlainStorage>(&entry.storage)) {
    return {.shape = shape, .dtype = entry.dtype, .data = Bytes(plain->range)};
  }
  const checkpoint::RowReader reader(checkpoint_, entry, kernels::CpuBackend());
  Buffer<std::byte> data(shape.out * shape.in * BitsPerElement(entry.dtype) / 8);
  std::vector<std::byte> stored;
  reader.ReadStored({0, shape.out}, stored);
  reader.DecodeTo(entry.dtype, {0, shape.out}, stored, data.span());
  if (decoded_.empty()) notes_.push_back("tensors of this format are decoded into memory");
  decoded_.push_back(std::move(data));
  return {.shape = shape, .dtype = entry.dtype, .data = decoded_.back().span()};
}

Linear Weights::Matrix(const std::string& name) {
  const TensorEntry& entry = Entry(name + ".weight");
  Buffer<float> bias;
  if (Has(name + ".bias") || expected_.contains(name + ".bias")) bias = Vector(name + ".bias");
  const auto* coded = std::get_if<CodedStorage>(&entry.storage);
  if (coded != nullptr && coded->spec.name != codec::kPackQuantizedCodec) {
    return Linear(Coded(entry, *coded), std::move(bias));
  }
  return Linear(Dense(entry), std::move(bias));
}

Buffer<float> Weights::Vector(const std::string& name) {
  const TensorEntry& entry = Entry(name);
  if (entry.shape.size() != 1) {
    throw Error(ErrorCode::kInvalidData, fmt::format("{}: '{}': want one axis, got {}",
                                                     Where(checkpoint_), name,
                                                     ShapeToString(entry.shape)));
  }
  const checkpoint::RowReader reader(checkpoint_, entry, kernels::CpuBackend());
  Buffer<float> values(entry.elements());
  reader.ReadRows({0, reader.matrix().out}, values.span());
  return values;
}

}  // namespace hlwq::model
