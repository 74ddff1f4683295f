#include "model/weights.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "checkpoint/row_reader.h"
#include "codec/codec_record.h"
#include "kernels/cpu_backend.h"

namespace hlwq::model {
namespace {

using checkpoint::CodedStorage;
using checkpoint::PlainStorage;
using checkpoint::TensorEntry;

// The codes of a tensor whose products are taken as it is stored, else nullptr.
const CodedStorage* MultipliedCodes(const TensorEntry& entry) {
  const auto* coded = std::get_if<CodedStorage>(&entry.storage);
  return coded != nullptr && !codec::Is<codec::PackQuantizedParameters>(coded->spec) ? coded
                                                                                     : nullptr;
}

std::string Where(const checkpoint::Checkpoint& checkpoint) { return checkpoint.root.string(); }

}  // namespace

Weights::Weights(checkpoint::Checkpoint checkpoint, ModelOptions options)
    : checkpoint_(std::move(checkpoint)) {
  if (options.interleaves_rows) interleaver_ = std::make_unique<Interleaver>(options.threads);
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
  if (!layout.prefix.empty()) scope_ = layout.prefix + ".";
  if (const auto catalog = checkpoint::BuildCatalog(checkpoint_.config, layout)) {
    for (const checkpoint::TensorSpec& spec : catalog->tensors) expected_[spec.name] = spec.shape;
  }
  for (const File& file : checkpoint_.files) files_.emplace_back(file);
}

void Weights::CheckReadable() const {
  for (size_t file = 0; file < files_.size(); ++file) {
    // The rest of a last page reads as zeros, without a fault.
    const bool is_cut = checkpoint_.files[file].SizeBytes() < files_[file].bytes().size();
    if (!is_cut && !files_[file].is_damaged()) continue;
    throw Error(ErrorCode::kSourceChanged,
                checkpoint_.files[file].path().string() +
                    ": was cut shorter, or could not be read, while it was in use");
  }
}

const TensorEntry& Weights::Entry(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found != entries_.end()) return *found->second;
  const auto expected = expected_.find(name);
  const std::string shape =
      expected == expected_.end() ? "" : fmt::format(" {}", ShapeToString(expected->second));
  throw Error(ErrorCode::kNotFound,
              fmt::format("{}: '{}': want it{} by config.json, but it is missing",
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
  if (codec::Is<codec::TrellisParameters>(spec)) {
    trellis = WithContext(Where(checkpoint_),
                          [&] { return codec::TrellisTable(spec.levels, spec.bits); });
  }
  Buffer<float> levels(256);
  std::copy(spec.levels.begin(), spec.levels.end(), levels.data());
  kernels::DotLevels dots =
      trellis ? kernels::DotLevels::OfTrellis(*trellis) : kernels::DotLevels(spec.levels);
  tables_.push_back(
      std::make_unique<CodeTables>(CodeTables{spec, std::move(trellis), dots, std::move(levels)}));
  return *tables_.back();
}

StoredMatrix Weights::Coded(const TensorEntry& entry, const CodedStorage& storage,
                            size_t slice_index) {
  const checkpoint::CodedSlice& slice = storage.slices.at(slice_index);
  const auto part = [&](size_t index) { return Bytes(slice.row_parts.at(index)); };
  if (codec::Is<codec::TrellisParameters>(storage.spec)) {
    const CodeTables& tables = TablesFor(storage.spec);
    return TrellisMatrix{{.shape = storage.matrix,
                          .levels = &tables.dots,
                          .codes = part(0),
                          .scales = part(1),
                          .row_scales = part(2)},
                         &*tables.trellis};
  }
  const auto* hlwq = std::get_if<codec::HlwqParameters>(&storage.spec.parameters);
  if (hlwq == nullptr) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("{}: '{}': codec '{}' has no matrix product", Where(checkpoint_),
                            entry.name, codec::RecordOf(storage.spec).name));
  }
  const CodeTables& tables = TablesFor(storage.spec);
  return HlwqMatrix{{.shape = storage.matrix,
                     .order = hlwq->bit_order,
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

Linear Weights::Matrix(const std::string& name, Use use) {
  const TensorEntry& entry = Entry(name + ".weight");
  Buffer<float> bias;
  if (Has(name + ".bias") || expected_.contains(name + ".bias")) bias = Floats(name + ".bias");
  const StoredMatrix matrix = Stored(entry);
  const bool interleaves = interleaver_ != nullptr && use == Use::kProducts;
  return Linear(interleaves ? (*interleaver_)(matrix) : matrix, std::move(bias));
}

namespace {

// A matrix is known by where its rows lie.
uintptr_t AddressOf(const StoredMatrix& matrix) {
  uintptr_t address = 0;
  ForEachPart(matrix, [&](ConstBytes part) {
    if (address == 0) address = reinterpret_cast<uintptr_t>(part.data());
  });
  return address;
}

}  // namespace

StoredMatrix Weights::Bind(StoredMatrix matrix, const TensorEntry& entry, uint64_t first_row) {
  bound_[AddressOf(matrix)] = {&entry, first_row};
  return matrix;
}

std::optional<BoundRows> Weights::BoundTo(const StoredMatrix& matrix) const noexcept {
  const auto found = bound_.find(AddressOf(matrix));
  if (found == bound_.end()) return std::nullopt;
  return found->second;
}

StoredMatrix Weights::Stored(const TensorEntry& entry) {
  if (const CodedStorage* coded = MultipliedCodes(entry)) {
    HLWQ_DASSERT(coded->slices.size() == 1);
    return Bind(Coded(entry, *coded, 0), entry, 0);
  }
  return Bind(Dense(entry), entry, 0);
}

std::vector<StoredMatrix> Weights::Slices(const std::string& name, size_t slices,
                                          MatrixShape shape) {
  const TensorEntry& entry = Entry(name);
  std::vector<StoredMatrix> matrices;
  const CodedStorage* coded = MultipliedCodes(entry);
  const StoredMatrix all = coded == nullptr ? Stored(entry) : StoredMatrix();
  for (size_t slice = 0; slice < slices; ++slice) {
    const uint64_t first_row = slice * shape.out;
    matrices.push_back(Bind(coded != nullptr ? Coded(entry, *coded, slice)
                                             : RowsOf(all, {first_row, first_row + shape.out}),
                            entry, first_row));
  }
  return matrices;
}

const std::vector<ExpertMatrices>& Weights::BindExperts(size_t layer, const std::string& scope,
                                                        const checkpoint::TextConfig& sizes) {
  if (experts_.size() <= layer) experts_.resize(layer + 1);
  std::vector<ExpertMatrices>& matrices = experts_[layer];
  const std::string experts = scope + "mlp.experts.";
  const uint64_t inner = sizes.expert_intermediate;
  if (Has(experts + "gate_up_proj")) {
    const auto gate_up = Slices(experts + "gate_up_proj", sizes.experts, {2 * inner, sizes.hidden});
    const auto down = Slices(experts + "down_proj", sizes.experts, {sizes.hidden, inner});
    for (size_t expert = 0; expert < sizes.experts; ++expert) {
      matrices.push_back({.gate = RowsOf(gate_up[expert], {0, inner}),
                          .up = RowsOf(gate_up[expert], {inner, 2 * inner}),
                          .down = down[expert]});
    }
    return matrices;
  }
  for (size_t expert = 0; expert < sizes.experts; ++expert) {
    const auto matrix = [&](std::string_view projection) {
      return Stored(Entry(fmt::format("{}{}.{}.weight", experts, expert, projection)));
    };
    matrices.push_back(
        {.gate = matrix("gate_proj"), .up = matrix("up_proj"), .down = matrix("down_proj")});
  }
  return matrices;
}

std::optional<checkpoint::FileRange> Weights::RangeOf(
    std::span<const std::byte> bytes) const noexcept {
  for (size_t file = 0; file < files_.size(); ++file) {
    const std::span<const std::byte> mapped = files_[file].bytes();
    // As integers: pointers into different objects do not compare.
    const auto begin = reinterpret_cast<uintptr_t>(mapped.data());
    const auto at = reinterpret_cast<uintptr_t>(bytes.data());
    if (at >= begin && at - begin + bytes.size() <= mapped.size()) {
      return checkpoint::FileRange{.file = file, .offset = at - begin, .bytes = bytes.size()};
    }
  }
  return std::nullopt;
}

Buffer<float> Weights::Floats(const std::string& name) {
  const checkpoint::RowReader reader(checkpoint_, Entry(name), kernels::CpuBackend());
  Buffer<float> values(reader.matrix().out * reader.matrix().in);
  reader.ReadRows({0, reader.matrix().out}, values.span());
  return values;
}

}  // namespace hlwq::model
