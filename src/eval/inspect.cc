#include "eval/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <variant>

#include "base/error.h"
#include "base/hash.h"
#include "checkpoint/polar/config.h"
#include "checkpoint/row_reader.h"
#include "eval/classify.h"
#include "eval/storage.h"

namespace hlwq::eval {
namespace {

using checkpoint::Checkpoint;
using checkpoint::Manifest;
using checkpoint::TensorEntry;
using ErrorsByName = std::map<std::string_view, const codec::ErrorStats*>;

constexpr uint64_t kChunkWeights = uint64_t{1} << 19;

ErrorsByName RecordedErrors(const std::optional<Manifest>& manifest) {
  ErrorsByName errors;
  if (!manifest) return errors;
  for (const auto& report : manifest->reports) {
    if (report.is_quantized && report.errors) errors.emplace(report.name, &*report.errors);
  }
  return errors;
}

std::string SourceText(const std::string& name, uint64_t bytes, uint64_t hash) {
  return fmt::format("{}, {} bytes, xxh3 {}", name, bytes, HashToHex(hash));
}

std::vector<std::pair<std::string, std::string>> Provenance(
    const Checkpoint& checkpoint, const std::optional<Manifest>& manifest) {
  std::vector<std::pair<std::string, std::string>> facts;
  const auto add = [&](const char* label, const std::string& value) {
    if (!value.empty()) facts.emplace_back(label, value);
  };
  const checkpoint::PolarConfig config = checkpoint::ParsePolarConfig(checkpoint.polar_config);
  add("base model", config.base_model);
  add("recorded format", config.format);
  if (config.hlwq) add("tool version", config.hlwq->tool_version);
  if (manifest) {
    if (!config.hlwq) add("tool version", manifest->tool_version);
    add("operation", manifest->operation);
    if (manifest->calibration) add("calibrated with", manifest->calibration->Describe());
    for (const auto& source : manifest->sources) {
      add("source", SourceText(source.name, source.bytes, source.xxh3));
    }
  } else if (config.hlwq) {
    for (const auto& source : config.hlwq->sources) {
      add("source", SourceText(source.name, source.bytes, source.xxh3));
    }
  }
  return facts;
}

report::InspectedTensor Describe(const TensorEntry& entry, const checkpoint::TensorSpec& spec,
                                 const ErrorsByName& errors) {
  const StorageInfo storage = DescribeStorage(entry);
  report::InspectedTensor tensor{entry.name, entry.shape, storage.name,  storage.is_quantized(),
                                 spec.role,  spec.layer,  storage.bytes, std::nullopt};
  if (const auto found = errors.find(entry.name); found != errors.end()) {
    tensor.snr_db = found->second->SnrDb();
  }
  return tensor;
}

void Count(const TensorEntry& entry, const report::InspectedTensor& tensor,
           report::InspectResult& result) {
  const uint64_t weights = entry.elements();
  result.weights += weights;
  result.bytes += tensor.bytes;
  if (tensor.is_quantized) {
    result.quantized_weights += weights;
    result.quantized_bytes += tensor.bytes;
  }
  auto use = std::ranges::find(result.encodings, tensor.storage, &report::EncodingUse::name);
  if (use == result.encodings.end()) {
    result.encodings.push_back({.name = tensor.storage, .is_quantized = tensor.is_quantized});
    use = result.encodings.end() - 1;
  }
  ++use->tensors;
  use->weights += weights;
  use->bytes += tensor.bytes;
  if (const auto* coded = std::get_if<checkpoint::CodedStorage>(&entry.storage)) {
    result.matrices += coded->slices.size();
    if (std::ranges::find(result.specs, coded->spec) == result.specs.end()) {
      result.specs.push_back(coded->spec);
    }
  }
}

std::string ModelType(const nlohmann::json& config) {
  if (!config.is_object()) return "";
  const auto found = config.find("model_type");
  return found != config.end() && found->is_string() ? found->get<std::string>() : "";
}

report::TensorDetail::Values ValuesOf(const Checkpoint& checkpoint, const TensorEntry& entry,
                                      const codec::Backend& backend) {
  report::TensorDetail::Values values;
  const MatrixShape matrix = entry.AsMatrix();
  if (matrix.in == 0 || matrix.out == 0) return values;
  const checkpoint::RowReader reader(checkpoint, entry, backend);
  const uint64_t rows_per_chunk = std::max<uint64_t>(kChunkWeights / matrix.in, 1);
  std::vector<float> weights;
  double sum = 0;
  double sum_of_squares = 0;
  values.min = std::numeric_limits<double>::infinity();
  values.max = -values.min;
  for (RowRange rows; rows.begin < matrix.out; rows.begin = rows.end) {
    const uint64_t slice_end = (rows.begin / reader.slice_rows() + 1) * reader.slice_rows();
    rows.end = std::min({matrix.out, rows.begin + rows_per_chunk, slice_end});
    weights.resize(rows.size() * matrix.in);
    reader.ReadRows(rows, weights);
    for (const float weight : weights) {
      if (!std::isfinite(weight)) {
        ++values.not_finite;
        continue;
      }
      const double w = weight;
      values.zeros += w == 0;
      values.min = std::min(values.min, w);
      values.max = std::max(values.max, w);
      sum += w;
      sum_of_squares += w * w;
    }
    values.count += weights.size();
  }
  const auto finite = static_cast<double>(values.count - values.not_finite);
  if (finite == 0) {
    values.min = values.max = 0;
    return values;
  }
  values.mean = sum / finite;
  values.deviation = std::sqrt(std::max(sum_of_squares / finite - values.mean * values.mean, 0.0));
  values.abs_max = std::max(std::abs(values.min), std::abs(values.max));
  return values;
}

}  // namespace

report::InspectResult Inspect(const Checkpoint& checkpoint,
                              const std::optional<Manifest>& manifest) {
  report::InspectResult result;
  result.path = checkpoint.root.string();
  result.format = FormatName(checkpoint.format);
  result.model_type = ModelType(checkpoint.config);
  for (const File& file : checkpoint.files) {
    result.files.emplace_back(file.path().filename().string(), file.SizeBytes());
  }
  result.provenance = Provenance(checkpoint, manifest);
  const ErrorsByName errors = RecordedErrors(manifest);
  const checkpoint::Classified classified = Classify(checkpoint);
  for (size_t index = 0; index < checkpoint.tensors.size(); ++index) {
    const TensorEntry& entry = checkpoint.tensors[index];
    result.tensors.push_back(Describe(entry, classified.specs[index], errors));
    Count(entry, result.tensors.back(), result);
  }
  std::ranges::stable_sort(result.encodings, std::ranges::greater(), &report::EncodingUse::bytes);
  for (const auto& [name, stats] : errors) {
    if (!result.recorded_errors) result.recorded_errors.emplace();
    result.recorded_errors->Merge(*stats);
  }
  result.notes = checkpoint.notes;
  result.notes.insert(result.notes.end(), classified.notes.begin(), classified.notes.end());
  return result;
}

report::TensorDetail InspectTensor(const Checkpoint& checkpoint,
                                   const std::optional<Manifest>& manifest, std::string_view name,
                                   const codec::Backend& backend) {
  const TensorEntry& entry = checkpoint.At(name);
  const checkpoint::Classified classified = Classify(checkpoint);
  const auto index = static_cast<size_t>(&entry - checkpoint.tensors.data());
  const ErrorsByName errors = RecordedErrors(manifest);
  report::TensorDetail detail;
  detail.tensor = Describe(entry, classified.specs[index], errors);
  detail.dtype = DTypeName(entry.dtype);
  for (const checkpoint::FileRange& range : StoredRanges(entry)) {
    detail.stretches.push_back(
        {checkpoint.files[range.file].path().filename().string(), range.offset, range.bytes});
  }
  if (const auto* coded = std::get_if<checkpoint::CodedStorage>(&entry.storage)) {
    detail.spec = coded->spec;
  }
  if (DescribeStorage(entry).is_number) {
    detail.values =
        WithContext("'" + entry.name + "'", [&] { return ValuesOf(checkpoint, entry, backend); });
  }
  if (const auto found = errors.find(entry.name); found != errors.end()) {
    detail.recorded_errors = *found->second;
  }
  return detail;
}

}  // namespace hlwq::eval
