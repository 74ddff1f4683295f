#include "convert/quantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/catalog.h"
#include "checkpoint/polar_config.h"
#include "convert/carry.h"
#include "convert/codecs_by_width.h"
#include "convert/matrices.h"
#include "convert/stream.h"
#include "hlwq/version.h"

namespace hlwq::convert {
namespace {

using checkpoint::Checkpoint;
using checkpoint::TensorEntry;
using checkpoint::TensorSpec;

// Builds the job: one pass over the source's tensors, in their order.
class QuantizePlanner {
 public:
  QuantizePlanner(const Checkpoint& source, const QuantizeOptions& options,
                  const codec::Backend& backend)
      : source_(source), options_(options), backend_(backend),
        recipe_(Recipe::Load(options.recipe)), codecs_(options.codec, backend) {
    std::vector<checkpoint::FoundTensor> found;
    for (const TensorEntry& entry : source.tensors) found.push_back({entry.name, entry.shape});
    classified_ = checkpoint::ClassifyTensors(source.config, found);
    for (size_t index = 0; index < source.tensors.size(); ++index) {
      const TensorEntry& entry = source.tensors[index];
      const Decision decision = recipe_.Decide(classified_.specs[index], entry.dtype);
      codec_of_.push_back(decision.bits > 0 ? codecs_.For(entry.name, decision) : nullptr);
    }
  }

  // Names of tensors that cannot be coded (NaN, infinity, norms beyond fp16), found by coding all.
  void KeepNonFinite(std::vector<std::string>& notes) {
    for (size_t index = 0; index < source_.tensors.size(); ++index) {
      if (!codec_of_[index]) continue;
      const TensorEntry& entry = source_.tensors[index];
      try {
        TryEncode(entry, codec_of_[index]);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::kNonFinite) throw;
        notes.push_back(fmt::format("'{}' is kept as it is: {}", entry.name, error.what()));
        codec_of_[index] = nullptr;
      }
    }
  }

  Job Build() {
    job_.operation = "quantize";
    job_.options = Describe();
    job_.side_files = source_.side_files;
    for (size_t index = 0; index < source_.tensors.size(); ++index) {
      const TensorSpec& spec = classified_.specs[index];
      AddReport(source_.tensors[index], spec, codec_of_[index].get());
      if (codec_of_[index]) {
        AddCoded(source_.tensors[index], spec, codec_of_[index]);
      } else {
        AddCarried(job_, source_, source_.tensors[index], backend_, groups_.GroupOf(spec, 0));
      }
      job_.reports.back().bits_per_weight =
          8.0 * static_cast<double>(job_.reports.back().stored_bytes) /
          static_cast<double>(std::max<uint64_t>(1, source_.tensors[index].elements()));
    }
    job_.describe = [config = std::move(config_)](const checkpoint::Manifest& manifest) mutable {
      config.hlwq->sources.clear();
      for (const checkpoint::SourceFile& file : manifest.sources) {
        config.hlwq->sources.push_back({file.name, file.bytes, file.xxh3});
      }
      checkpoint::DescribeForPublishedReaders(config);
      return std::vector<checkpoint::SideFile>{
          {"polar_config.json", {}, checkpoint::PolarConfigToJson(config).dump(1) + "\n"}};
    };
    return std::move(job_);
  }

  const std::vector<std::string>& notes() const { return classified_.notes; }

 private:
  // Its place among the recorded specs, where it comes when the first tensor uses it.
  size_t SpecIndex(const codec::CodecSpec& spec) {
    std::vector<codec::CodecSpec>& specs = config_.hlwq->specs;
    const auto index =
        static_cast<size_t>(std::find(specs.begin(), specs.end(), spec) - specs.begin());
    if (index == specs.size()) specs.push_back(spec);
    return index;
  }

  // Everything the user chose that shapes the output.
  std::string Describe() const {
    return fmt::format("codec={} version={} table={} scale={} nonfinite={} max_shard={} recipe={}",
                       options_.codec.name, options_.codec.version, options_.codec.table,
                       options_.codec.scale_rule,
                       options_.non_finite == NonFinitePolicy::kKeep ? "keep" : "error",
                       options_.output.max_shard_bytes, recipe_.ToJson().dump());
  }

  void AddReport(const TensorEntry& entry, const TensorSpec& spec, const codec::Codec* codec) {
    checkpoint::TensorReport report;
    report.name = entry.name;
    report.shape = entry.shape;
    report.source_dtype = entry.dtype;
    report.role = spec.role;
    report.layer = spec.layer;
    report.source_bytes = TensorBytes(entry.dtype, entry.shape).value_or(0);
    report.is_quantized = codec != nullptr;
    if (codec != nullptr) {
      report.codec = codec->spec().name;
      report.bits = codec->spec().bits;
      report.errors.emplace();
    }
    job_.reports.push_back(std::move(report));
  }

  void AddCoded(const TensorEntry& entry, const TensorSpec& spec,
                const std::shared_ptr<const codec::Codec>& codec) {
    const TensorMatrices slices = MatricesOf(entry.shape);
    if (slices.count > kMaxMatrices - std::min<uint64_t>(kMaxMatrices, job_.tasks.size())) {
      throw Error(ErrorCode::kInvalidData, fmt::format("'{}': want at most {} matrices in all, got {}",
                                                       entry.name, kMaxMatrices, slices.count));
    }
    config_.hlwq->tensors[entry.name] = {SpecIndex(codec->spec()), entry.dtype, entry.shape};
    for (uint64_t slice = 0; slice < slices.count; ++slice) {
      const std::string name = MatrixName(entry.name, entry.shape, slice);
      const uint64_t group = groups_.GroupOf(spec, slice);
      const size_t first_tensor = job_.outputs.size();
      for (const codec::Part& part : codec->Parts(slices.matrix)) {
        job_.outputs.push_back({name + part.suffix, part.dtype, part.shape, part.bytes, group, true});
        job_.reports.back().stored_bytes += part.bytes;
      }
      auto task = MakeEncodeTask(source_, entry, slice * slices.matrix.out, slices.matrix,
                                 codec, backend_, first_tensor);
      task->name = name;
      task->report = job_.reports.size() - 1;
      job_.tasks.push_back(std::move(task));
    }
  }

  void TryEncode(const TensorEntry& entry, const std::shared_ptr<const codec::Codec>& codec) {
    const TensorMatrices slices = MatricesOf(entry.shape);
    for (uint64_t slice = 0; slice < slices.count; ++slice) {
      const auto task = MakeEncodeTask(source_, entry, slice * slices.matrix.out, slices.matrix,
                                       codec, backend_, 0);
      task->name = MatrixName(entry.name, entry.shape, slice);
      DryRunTask(*task);
    }
  }

  const Checkpoint& source_;
  const QuantizeOptions& options_;
  const codec::Backend& backend_;
  Recipe recipe_;
  checkpoint::Classified classified_;
  CodecsByWidth codecs_;
  std::vector<std::shared_ptr<const codec::Codec>> codec_of_;  // each source tensor; null: carried
  Job job_;
  checkpoint::PolarConfig config_ = MakeConfig(source_);
  OutputGroups groups_;

  static checkpoint::PolarConfig MakeConfig(const Checkpoint& source) {
    checkpoint::PolarConfig config;
    config.hlwq.emplace();
    config.hlwq->tool_version = kVersion;
    const auto name = source.config.find("_name_or_path");
    if (source.config.is_object() && name != source.config.end() && name->is_string()) {
      config.base_model = name->get<std::string>();
    }
    return config;
  }
};

}  // namespace

QuantizeResult Quantize(const Checkpoint& source, const std::filesystem::path& destination,
                        const QuantizeOptions& options, const codec::Backend& unshared) {
  const codec::SharingBackend backend(unshared);
  QuantizeResult result;
  QuantizePlanner planner(source, options, backend);
  result.notes = source.notes;
  result.notes.insert(result.notes.end(), planner.notes().begin(), planner.notes().end());
  if (options.non_finite == NonFinitePolicy::kKeep) planner.KeepNonFinite(result.notes);
  result.job = RunJob(planner.Build(), source, destination, options.output);
  return result;
}

}  // namespace hlwq::convert
