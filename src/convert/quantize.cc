#include "convert/quantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/polar/config.h"
#include "codec/codec_record.h"
#include "convert/codecs_by_width.h"
#include "hlwq/version.h"

namespace hlwq::convert {
namespace {

using checkpoint::Checkpoint;
using checkpoint::TensorEntry;

// Everything the user chose that shapes the output.
std::string DescribeChoices(const QuantizeOptions& options, const Recipe& recipe) {
  const codec::SpecWords words = codec::DescribeSpec(options.codec);
  return fmt::format("codec={} version={} table={} scale={} nonfinite={} max_shard={} recipe={}{}",
                     words.name, words.version, words.table, words.scale_rule,
                     options.non_finite == NonFinitePolicy::kKeep ? "keep" : "error",
                     options.output.max_shard_bytes, recipe.ToJson().dump(),
                     WordsOf(options.calibration));
}

RecipeModel DescribeModel(const std::vector<checkpoint::TensorSpec>& specs,
                          const codec::CodecSpec& codec) {
  RecipeModel model{.most_bits = codec::RecordOf(codec).max_bits};
  for (const checkpoint::TensorSpec& spec : specs) model.Add(spec);
  return model;
}

// Its place among the recorded specs, where it comes when the first tensor uses it.
size_t SpecIndex(std::vector<codec::CodecSpec>& specs, const codec::CodecSpec& spec) {
  const auto index =
      static_cast<size_t>(std::find(specs.begin(), specs.end(), spec) - specs.begin());
  if (index == specs.size()) specs.push_back(spec);
  return index;
}

// A recipe that finds nothing to code has met a model that it does not know: a copy of it under
// another name would be a surprise. Where the user's own patterns left nothing, that was asked for.
class CodedCount {
 public:
  void Add(const checkpoint::TensorSpec& spec, const Decision& decision) {
    num_coded_ += decision.bits > 0;
    is_asked_for_ |= decision.reason == kExcludedReason;
    if (decision.bits == 0 && spec.shape.size() >= 2) ++kept_[decision.reason];
  }
  // Throws Error{kUnsupported} saying why the matrices are kept.
  void RequireSome(const Checkpoint& source, const Recipe& recipe) const {
    if (num_coded_ > 0 || is_asked_for_ || recipe.is_own()) return;
    std::string reasons;
    for (const auto& [reason, count] : kept_) {
      reasons += fmt::format("{}{} ({})", reasons.empty() ? ": " : ", ", reason, count);
    }
    throw Error(ErrorCode::kUnsupported, fmt::format("{}: recipe '{}' finds no matrix to code{}",
                                                     source.root.string(), recipe.name(), reasons));
  }

 private:
  size_t num_coded_ = 0;
  bool is_asked_for_ = false;
  std::map<std::string_view, size_t> kept_;  // matrices by reason
};

// polar_config.json, but for the hashes of the sources.
checkpoint::PolarConfig DescribeCoded(const Checkpoint& source, const CodedJobBuilder& builder) {
  checkpoint::PolarConfig config;
  config.hlwq.emplace();
  config.hlwq->tool_version = kVersion;
  const auto name = source.config.find("_name_or_path");
  if (source.config.is_object() && name != source.config.end() && name->is_string()) {
    config.base_model = name->get<std::string>();
  }
  for (size_t tensor = 0; tensor < source.tensors.size(); ++tensor) {
    const TensorEntry& entry = source.tensors[tensor];
    if (const codec::Codec* codec = builder.CodecOf(tensor)) {
      config.hlwq->tensors[entry.name] = {SpecIndex(config.hlwq->specs, codec->spec()), entry.dtype,
                                          entry.shape};
    }
  }
  return config;
}

}  // namespace

ConversionResult Quantize(const Checkpoint& source, const std::filesystem::path& destination,
                          const QuantizeOptions& options, const codec::Backend& unshared) {
  const codec::SharingBackend backend(unshared);
  ConversionResult result;
  CodedJobBuilder builder(source, backend);
  RecipeOptions asked = options.recipe;
  asked.model = DescribeModel(builder.classified().specs, options.codec);
  const Recipe recipe = Recipe::Load(asked);
  CodecsByWidth codecs(options.codec, backend);
  CodedCount count;
  for (size_t tensor = 0; tensor < source.tensors.size(); ++tensor) {
    const TensorEntry& entry = source.tensors[tensor];
    const Decision decision = recipe.Decide(builder.classified().specs[tensor], entry.dtype);
    count.Add(builder.classified().specs[tensor], decision);
    if (decision.bits > 0) builder.SetCodec(tensor, codecs.For(entry.name, decision));
  }
  count.RequireSome(source, recipe);
  result.notes = source.notes;
  const std::vector<std::string>& notes = builder.classified().notes;
  result.notes.insert(result.notes.end(), notes.begin(), notes.end());
  if (options.non_finite == NonFinitePolicy::kKeep) {
    builder.KeepNonFinite(result.notes, options.output.progress);
  }

  if (options.calibration) builder.SetFeedback(options.calibration->source);
  Job job = builder.Build();
  job.operation = "quantize";
  job.options = DescribeChoices(options, recipe);
  AddCalibration(options.calibration, job);
  if (options.records_recipe) {
    job.side_files.push_back({checkpoint::kRecipeFileName, {}, options.recipe.text});
  }
  job.describe =
      [config = DescribeCoded(source, builder)](const checkpoint::Manifest& manifest) mutable {
        config.hlwq->sources.clear();
        for (const checkpoint::SourceFile& file : manifest.sources) {
          config.hlwq->sources.push_back({file.name, file.bytes, file.xxh3});
        }
        checkpoint::DescribeForPublishedReaders(config);
        return std::vector<checkpoint::SideFile>{
            {"polar_config.json", {}, checkpoint::PolarConfigToJson(config).dump(1) + "\n"}};
      };
  result.job = RunJob(std::move(job), source, destination, options.output);
  AddNotes(options.calibration, result.notes);
  return result;
}

}  // namespace hlwq::convert
