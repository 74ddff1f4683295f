#include "cli/verbs/inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "checkpoint/manifest.h"
#include "checkpoint/tensor_report.h"
#include "codec/ggml_blocks.h"

namespace hlwq::cli {
namespace {

using checkpoint::Checkpoint;
using checkpoint::FileRange;
using checkpoint::TensorEntry;

double BitsEach(uint64_t bytes, uint64_t weights) noexcept {
  return weights == 0 ? 0 : 8 * static_cast<double>(bytes) / static_cast<double>(weights);
}

// Adds what the storage of an entry says to `tensor`.
class StorageReader {
 public:
  StorageReader(const Checkpoint& checkpoint, const TensorEntry& entry, InspectedTensor& tensor)
      : checkpoint_(checkpoint), entry_(entry), tensor_(tensor) {}

  void operator()(const checkpoint::PlainStorage& storage) {
    tensor_.stored_as = DTypeName(entry_.dtype);
    Add(storage.range);
  }
  void operator()(const checkpoint::CodedStorage& storage) {
    tensor_.stored_as = fmt::format("{} {} bit{}", storage.spec.name, storage.spec.bits,
                                    storage.spec.bits == 1 ? "" : "s");
    tensor_.is_coded = true;
    tensor_.slices = storage.slices.size();
    for (const checkpoint::CodedSlice& slice : storage.slices) {
      for (const FileRange& range : slice.row_parts) Add(range);
    }
  }
  void operator()(const checkpoint::GgmlStorage& storage) {
    tensor_.stored_as = codec::GgmlTypeName(storage.type);
    Add(storage.range);
  }
  void operator()(const checkpoint::SyntheticStorage&) { tensor_.stored_as = "made on demand"; }

 private:
  void Add(const FileRange& range) {
    // Hundreds of slices are told by their first places.
    constexpr size_t kPlaces = 6;
    tensor_.stored_bytes += range.bytes;
    if (tensor_.places.size() == kPlaces) tensor_.places.emplace_back("...");
    if (tensor_.places.size() > kPlaces) return;
    const std::string file = checkpoint_.files[range.file].path().filename().string();
    tensor_.places.push_back(
        fmt::format("{}, bytes {} to {}", file, range.offset, range.offset + range.bytes));
  }

  const Checkpoint& checkpoint_;
  const TensorEntry& entry_;
  InspectedTensor& tensor_;
};

std::string CodecLine(const codec::CodecSpec& spec, uint64_t matrices) {
  return fmt::format("{} version {}, {} bit{}, table {}, scale {}, blocks of {}: {} matrices",
                     spec.name, spec.version, spec.bits, spec.bits == 1 ? "" : "s", spec.table,
                     spec.scale_rule, spec.block_size, matrices);
}

std::string TextValue(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void AddProvenance(const Checkpoint& checkpoint, Inspection& inspection,
                   std::map<std::string, codec::ErrorStats>& errors) {
  inspection.base_model = TextValue(checkpoint.polar_config, "base_model");
  if (!std::filesystem::is_directory(checkpoint.root)) return;
  const std::optional<checkpoint::Manifest> manifest = checkpoint::ReadManifest(checkpoint.root);
  if (!manifest) return;
  inspection.tool = fmt::format("hlwq {} {}", manifest->tool_version, manifest->operation);
  for (const checkpoint::SourceFile& source : manifest->sources) {
    inspection.sources.push_back(
        fmt::format("{}, {} bytes, xxh3 {}", source.name, source.bytes, HashToHex(source.xxh3)));
  }
  for (const checkpoint::TensorReport& report : manifest->reports) {
    if (report.errors) errors.emplace(report.name, *report.errors);
  }
}

}  // namespace

double InspectedTensor::BitsPerWeight() const noexcept { return BitsEach(stored_bytes, weights); }
double Inspection::BitsPerWeight() const noexcept { return BitsEach(stored_bytes, weights); }

const InspectedTensor* Inspection::Find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(tensors, name, &InspectedTensor::name);
  return found == tensors.end() ? nullptr : &*found;
}

Inspection InspectCheckpoint(const Checkpoint& checkpoint) {
  Inspection inspection;
  inspection.format = checkpoint::FormatName(checkpoint.format);
  inspection.model_type = TextValue(checkpoint.config, "model_type");
  inspection.files = checkpoint.files.size();
  for (const File& file : checkpoint.files) inspection.file_bytes += file.SizeBytes();
  std::map<std::string, codec::ErrorStats> errors;
  AddProvenance(checkpoint, inspection, errors);

  std::vector<checkpoint::FoundTensor> found;
  for (const TensorEntry& entry : checkpoint.tensors) found.push_back({entry.name, entry.shape});
  const checkpoint::Classified classified = checkpoint::ClassifyTensors(checkpoint.config, found);
  std::vector<std::pair<codec::CodecSpec, uint64_t>> codecs;
  for (size_t index = 0; index < checkpoint.tensors.size(); ++index) {
    const TensorEntry& entry = checkpoint.tensors[index];
    InspectedTensor tensor;
    tensor.name = entry.name;
    tensor.shape = entry.shape;
    tensor.dtype = entry.dtype;
    tensor.role = classified.specs[index].role;
    tensor.layer = classified.specs[index].layer;
    tensor.weights = entry.elements();
    std::visit(StorageReader(checkpoint, entry, tensor), entry.storage);
    if (const auto recorded = errors.find(entry.name); recorded != errors.end()) {
      tensor.errors = recorded->second;
    }
    if (const auto* coded = std::get_if<checkpoint::CodedStorage>(&entry.storage)) {
      auto known = std::ranges::find(codecs, coded->spec, &decltype(codecs)::value_type::first);
      if (known == codecs.end()) known = codecs.insert(known, {coded->spec, 0});
      known->second += tensor.slices;
      ++inspection.coded_tensors;
      inspection.coded_matrices += tensor.slices;
      inspection.coded_weights += tensor.weights;
    }
    inspection.weights += tensor.weights;
    inspection.stored_bytes += tensor.stored_bytes;
    inspection.tensors.push_back(std::move(tensor));
  }
  for (const auto& [spec, matrices] : codecs)
    inspection.codecs.push_back(CodecLine(spec, matrices));
  inspection.notes = checkpoint.notes;
  inspection.notes.insert(inspection.notes.end(), classified.notes.begin(), classified.notes.end());
  return inspection;
}

nlohmann::json TensorToJson(const InspectedTensor& tensor) {
  nlohmann::json json = {{"name", tensor.name},
                         {"shape", tensor.shape},
                         {"dtype", DTypeName(tensor.dtype)},
                         {"role", checkpoint::RoleName(tensor.role)},
                         {"stored_as", tensor.stored_as},
                         {"is_coded", tensor.is_coded},
                         {"slices", tensor.slices},
                         {"weights", tensor.weights},
                         {"stored_bytes", tensor.stored_bytes},
                         {"bits_per_weight", tensor.BitsPerWeight()},
                         {"places", tensor.places}};
  if (tensor.layer >= 0) json["layer"] = tensor.layer;
  if (tensor.errors) json["errors"] = checkpoint::ErrorsToJson(*tensor.errors);
  return json;
}

nlohmann::json InspectionToJson(const Inspection& inspection) {
  nlohmann::json tensors = nlohmann::json::array();
  for (const InspectedTensor& tensor : inspection.tensors) tensors.push_back(TensorToJson(tensor));
  return {{"format", inspection.format},
          {"model_type", inspection.model_type},
          {"base_model", inspection.base_model},
          {"tool", inspection.tool},
          {"codecs", inspection.codecs},
          {"sources", inspection.sources},
          {"files", inspection.files},
          {"file_bytes", inspection.file_bytes},
          {"coded_tensors", inspection.coded_tensors},
          {"coded_matrices", inspection.coded_matrices},
          {"weights", inspection.weights},
          {"coded_weights", inspection.coded_weights},
          {"stored_bytes", inspection.stored_bytes},
          {"bits_per_weight", inspection.BitsPerWeight()},
          {"notes", inspection.notes},
          {"tensors", std::move(tensors)}};
}

}  // namespace hlwq::cli
