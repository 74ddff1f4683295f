#include "api/describe.h"

#include <map>
#include <utility>

#include "checkpoint/catalog.h"
#include "checkpoint/manifest.h"
#include "eval/inspect.h"

namespace hlwq::api {
namespace {

std::optional<checkpoint::Manifest> ManifestOf(const checkpoint::Checkpoint& checkpoint) {
  std::error_code failure;
  if (!std::filesystem::is_directory(checkpoint.root, failure)) return std::nullopt;
  return checkpoint::ReadManifest(checkpoint.root);
}

}  // namespace

WeightErrors Describe(const codec::ErrorStats& errors) {
  return {.weights = errors.count,
          .signal = errors.signal,
          .noise = errors.noise,
          .cosine = errors.Cosine(),
          .max_abs_error = errors.max_abs_error};
}

CheckpointInfo Describe(const checkpoint::Checkpoint& checkpoint) {
  const std::optional<checkpoint::Manifest> manifest = ManifestOf(checkpoint);
  std::map<std::string_view, const codec::ErrorStats*> errors;
  if (manifest) {
    for (const checkpoint::TensorReport& report : manifest->reports) {
      if (report.is_quantized && report.errors) errors.emplace(report.name, &*report.errors);
    }
  }
  report::InspectResult found = eval::Inspect(checkpoint, manifest);
  CheckpointInfo info = {.format = std::move(found.format),
                         .model_type = std::move(found.model_type),
                         .files = std::move(found.files),
                         .weights = found.weights,
                         .quantized_weights = found.quantized_weights,
                         .bytes = found.bytes,
                         .quantized_bytes = found.quantized_bytes,
                         .provenance = std::move(found.provenance),
                         .notes = std::move(found.notes)};
  if (found.recorded_errors) info.errors = Describe(*found.recorded_errors);
  for (const report::EncodingUse& use : found.encodings) {
    info.storages.push_back({use.name, use.is_quantized, use.tensors, use.weights, use.bytes});
  }
  for (report::InspectedTensor& tensor : found.tensors) {
    TensorInfo& described = info.tensors.emplace_back();
    if (const auto recorded = errors.find(tensor.name); recorded != errors.end()) {
      described.errors = Describe(*recorded->second);
    }
    if (const uint64_t weights = ElementCount(tensor.shape).value_or(0); weights != 0) {
      described.bits_per_weight =
          8 * static_cast<double>(tensor.bytes) / static_cast<double>(weights);
    }
    described.name = std::move(tensor.name);
    described.shape = std::move(tensor.shape);
    described.role = checkpoint::RoleName(tensor.role);
    described.layer = tensor.layer;
    described.storage = std::move(tensor.storage);
    described.is_quantized = tensor.is_quantized;
    described.stored_bytes = tensor.bytes;
  }
  return info;
}

DType TypeOf(FloatType type) noexcept {
  switch (type) {
    case FloatType::kF16:
      return DType::kF16;
    case FloatType::kBF16:
      return DType::kBF16;
    case FloatType::kF32:
      break;
  }
  return DType::kF32;
}

}  // namespace hlwq::api
