#include "study/config/config.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "study/config/fields.h"

namespace hlwq::study {
namespace {

constexpr Names<ObjectiveKind, 2> kObjectives = {
    {{"ar", ObjectiveKind::kAutoregressive}, {"mdlm", ObjectiveKind::kMaskedDiffusion}}};
constexpr Names<NoiseSchedule, 2> kSchedules = {
    {{"linear", NoiseSchedule::kLinear}, {"cosine", NoiseSchedule::kCosine}}};
constexpr Names<MaskedLoss, 2> kLosses = {
    {{"nelbo", MaskedLoss::kNelbo}, {"unweighted", MaskedLoss::kUnweighted}}};
constexpr Names<Precision, 2> kPrecisions = {
    {{"float32", Precision::kFloat32}, {"bfloat16", Precision::kBfloat16}}};

// The keys of each part, once for reading and for writing (fields.h).
template <typename Fields>
void Visit(Fields& fields, ModelConfig& model) {
  fields.Size("layers", model.layers, {1, 256});
  fields.Size("heads", model.heads, {1, 256});
  fields.Size("width", model.width, {2, 65536});
  fields.Size("hidden", model.hidden, {1, 1 << 20});
  fields.Size("window", model.window, {1, 1 << 20});
  fields.Number("rope_theta", model.rope_theta, {1, 1e9});
  fields.Number("norm_epsilon", model.norm_epsilon, {0, 1});
}

template <typename Fields>
void Visit(Fields& fields, CorpusConfig& corpus) {
  fields.Size("tokens", corpus.tokens, {0, size_t{1} << 40});
  fields.Number("validation", corpus.validation, {0, 1});
  fields.Number("test", corpus.test, {0, 1});
}

template <typename Fields>
void Visit(Fields& fields, TrainingConfig& training) {
  fields.Size("steps", training.steps, {1, 1u << 30});
  fields.Size("batch", training.batch, {1, 1 << 20});
  fields.Size("accumulation", training.accumulation, {1, 1 << 20});
  fields.Number("learning_rate", training.learning_rate, {0, 10});
  fields.Number("final_learning_rate", training.final_learning_rate, {0, 1});
  fields.Size("warmup_steps", training.warmup_steps, {0, 1u << 30});
  fields.Number("beta1", training.beta1, {0, 0.9999999});
  fields.Number("beta2", training.beta2, {0, 0.9999999});
  fields.Number("epsilon", training.epsilon, {0, 1});
  fields.Number("clip_norm", training.clip_norm, {0, 1e9});
  fields.Number("ema", training.ema, {0, 0.9999999});
  fields.Name("precision", training.precision, kPrecisions);
  fields.Size("log_every", training.log_every, {1, 1u << 30});
  fields.Size("evaluate_every", training.evaluate_every, {1, 1u << 30});
  fields.Size("save_every", training.save_every, {1, 1u << 30});
}

template <typename Fields>
void Visit(Fields& fields, EvaluationConfig& evaluation) {
  fields.Size("windows", evaluation.windows, {1, 1u << 30});
  fields.Size("noise_samples", evaluation.noise_samples, {1, 65536});
  fields.Size("final_windows", evaluation.final_windows, {1, 1u << 30});
  fields.Size("final_noise_samples", evaluation.final_noise_samples, {1, 65536});
}

template <typename Fields>
void Visit(Fields& fields, SamplingConfig& sampling) {
  fields.Size("samples", sampling.samples, {1, 1 << 20});
  fields.Size("batch", sampling.batch, {1, 1 << 16});
  fields.Numbers("temperatures", sampling.temperatures, {0, 100});
  fields.Numbers("top_p", sampling.top_p, {0, 1});
  fields.Sizes("steps", sampling.steps, {1, 1 << 20});
  fields.Sizes("confidence_steps", sampling.confidence_steps, {1, 1 << 20});
  fields.Sizes("block_tokens", sampling.block_tokens, {1, 1 << 20});
  fields.Texts("prompts", sampling.prompts);
  fields.Flag("last", sampling.takes_last);
}

template <typename Fields>
void Visit(Fields& fields, ArmConfig& arm) {
  fields.Text("name", arm.name);
  fields.Name("objective", arm.objective, kObjectives);
  fields.Number("dropout", arm.dropout, {0, 0.9});
  fields.Number("weight_decay", arm.weight_decay, {0, 100});
  fields.Flag("tied", arm.is_tied);
  fields.Flag("time_embedding", arm.has_time_embedding);
  fields.Name("schedule", arm.schedule, kSchedules);
  fields.Name("loss", arm.loss, kLosses);
}

template <typename Part>
void ReadPart(FieldReader& fields, std::string_view name, Part& part) {
  if (const auto child = fields.Child(name)) {
    FieldReader reader(*child, fields.PathOf(name));
    Visit(reader, part);
    reader.Finish();
  }
}

template <typename Part>
nlohmann::json WritePart(Part part) {
  FieldWriter writer;
  Visit(writer, part);
  return writer.document();
}

void CheckArms(const std::vector<ArmConfig>& arms) {
  std::set<std::string_view> names;
  for (const ArmConfig& arm : arms) {
    const bool is_plain =
        !arm.name.empty() &&
        arm.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos;
    if (!is_plain) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("'arms': want names of a-z, 0-9, - and _, got '{}'", arm.name));
    }
    if (!names.insert(arm.name).second) {
      throw Error(ErrorCode::kInvalidData, fmt::format("'arms': two are called '{}'", arm.name));
    }
    if (arm.has_time_embedding && arm.objective == ObjectiveKind::kAutoregressive) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("'arms': '{}' is autoregressive and has no time to embed", arm.name));
    }
  }
}

void Check(const StudyConfig& config) {
  const ModelConfig& model = config.model;
  if (model.width % (2 * model.heads) != 0) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("'model.width': want a multiple of 2 x {} heads, got {}", model.heads,
                            model.width));
  }
  const TrainingConfig& training = config.training;
  if (training.batch % training.accumulation != 0) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("'training.accumulation': want a divisor of the batch of {}, got {}",
                            training.batch, training.accumulation));
  }
  if (config.seeds.empty()) throw Error(ErrorCode::kInvalidData, "'seeds': want at least one");
  if (std::set<uint64_t>(config.seeds.begin(), config.seeds.end()).size() != config.seeds.size()) {
    throw Error(ErrorCode::kInvalidData, "'seeds': one is there twice");
  }
  if (config.arms.empty()) throw Error(ErrorCode::kInvalidData, "'arms': want at least one");
  CheckArms(config.arms);
}

void FindDifference(const nlohmann::json& before, const nlohmann::json& now,
                    const std::string& path, std::string& found) {
  if (!found.empty() || before == now) return;
  if (before.is_object() && now.is_object()) {
    nlohmann::json keys = before;
    keys.update(now);
    for (const auto& item : keys.items()) {
      const auto left = before.find(item.key()), right = now.find(item.key());
      FindDifference(left == before.end() ? nlohmann::json() : *left,
                     right == now.end() ? nlohmann::json() : *right,
                     path.empty() ? item.key() : path + "." + item.key(), found);
    }
    return;
  }
  if (before.is_array() && now.is_array() && before.size() == now.size()) {
    for (size_t index = 0; index < before.size(); ++index) {
      FindDifference(before[index], now[index], fmt::format("{}[{}]", path, index), found);
    }
    return;
  }
  found = fmt::format("'{}': was {}, is {}", path, before.dump(), now.dump());
}

}  // namespace

StudyConfig ParseConfig(const nlohmann::json& document) {
  StudyConfig config;
  FieldReader fields(document, "");
  fields.Text("name", config.name);
  fields.Sizes("seeds", config.seeds, {0, uint64_t{1} << 53});
  ReadPart(fields, "corpus", config.corpus);
  ReadPart(fields, "model", config.model);
  ReadPart(fields, "training", config.training);
  ReadPart(fields, "evaluation", config.evaluation);
  ReadPart(fields, "sampling", config.sampling);
  if (const auto arms = fields.List("arms")) {
    for (size_t index = 0; index < arms->size(); ++index) {
      FieldReader reader((*arms)[index], fmt::format("arms[{}]", index));
      Visit(reader, config.arms.emplace_back());
      reader.Finish();
    }
  }
  fields.Finish();
  Check(config);
  return config;
}

StudyConfig ReadConfig(const std::filesystem::path& path) {
  return WithContext(path.string(),
                     [&] { return ParseConfig(ParseJson(ReadSmallFile(path, kMaxConfigBytes))); });
}

nlohmann::json ToJson(const StudyConfig& config) {
  nlohmann::json document = {{"name", config.name},
                             {"seeds", config.seeds},
                             {"corpus", WritePart(config.corpus)},
                             {"model", WritePart(config.model)},
                             {"training", WritePart(config.training)},
                             {"evaluation", WritePart(config.evaluation)},
                             {"sampling", WritePart(config.sampling)},
                             {"arms", nlohmann::json::array()}};
  for (const ArmConfig& arm : config.arms) document["arms"].push_back(WritePart(arm));
  return document;
}

std::string FirstDifference(const nlohmann::json& before, const nlohmann::json& now) {
  std::string found;
  FindDifference(before, now, "", found);
  return found;
}

std::string_view ObjectiveName(ObjectiveKind kind) noexcept { return NameOf(kind, kObjectives); }

}  // namespace hlwq::study
