#include "convert/dequantize.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <variant>

#include "checkpoint/catalog.h"
#include "checkpoint/foreign_codes.h"
#include "convert/carry.h"

namespace hlwq::convert {
namespace {

using checkpoint::Checkpoint;
using checkpoint::TensorEntry;

std::string_view ConfigDType(DType dtype) {
  switch (dtype) {
    case DType::kF16:
      return "float16";
    case DType::kF32:
      return "float32";
    default:
      return "bfloat16";
  }
}

// transformers loads weights in the dtype that config.json names: it has to follow.
void SetConfigDType(checkpoint::SideFile& file, nlohmann::json config, DType dtype) {
  const auto set = [&](nlohmann::json& object) {
    for (const char* key : {"dtype", "torch_dtype"}) {
      if (object.contains(key)) object[key] = ConfigDType(dtype);
    }
  };
  set(config);
  if (config.contains("text_config") && config["text_config"].is_object()) {
    set(config["text_config"]);
  }
  if (!config.contains("dtype") && !config.contains("torch_dtype")) {
    config["torch_dtype"] = ConfigDType(dtype);
  }
  file = checkpoint::ConfigFile(config);
}

}  // namespace

ConversionResult Dequantize(const Checkpoint& source, const std::filesystem::path& destination,
                            const DequantizeOptions& options, const codec::Backend& unshared) {
  const codec::SharingBackend backend(unshared);
  checkpoint::RefuseForeignCodes(source);
  const checkpoint::Classified classified = checkpoint::ClassifyTensors(source);

  Job job;
  job.operation = options.operation;
  job.options =
      fmt::format("dtype={} max_shard={}{}", options.dtype ? DTypeName(*options.dtype) : "source",
                  options.output.max_shard_bytes, options.is_folded ? " rotation=folded" : "");
  job.side_files = source.side_files;
  for (checkpoint::SideFile& file : job.side_files) {
    if (options.dtype && file.name == "config.json") {
      SetConfigDType(file, source.config, *options.dtype);
    }
  }
  for (size_t index = 0; index < source.tensors.size(); ++index) {
    const TensorEntry& entry = source.tensors[index];
    checkpoint::TensorReport report;
    report.name = entry.name;
    report.shape = entry.shape;
    report.source_dtype = entry.dtype;
    report.role = classified.specs[index].role;
    report.layer = classified.specs[index].layer;
    report.source_bytes = TensorBytes(entry.dtype, entry.shape).value_or(0);
    job.reports.push_back(std::move(report));
    AddCarried(job, source, entry, backend, index, options.dtype);
  }
  ConversionResult result;
  result.notes = source.notes;
  result.job = RunJob(std::move(job), source, destination, options.output);
  return result;
}

}  // namespace hlwq::convert
