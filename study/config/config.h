// What a run of the study is: the sizes of the model, how it is trained, and the arms that are compared. Read from
// JSON; docs/study.md lists every key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace hlwq::study {

// The transformer, equal in all arms but for what ArmConfig says.
struct ModelConfig {
  size_t layers = 4;
  size_t heads = 2;
  size_t width = 128;   // a multiple of 2 * heads
  size_t hidden = 384;  // of the feed-forward network
  size_t window = 128;  // tokens of a sequence
  double rope_theta = 10000;
  double norm_epsilon = 1e-5;
};

// What the verb `run` asks of `prepare` where its flags do not say it.
struct CorpusConfig {
  size_t tokens = 0;  // of all splits; 0: as many as `prepare` makes
  double validation = 0.05;
  double test = 0.05;
};

enum class ObjectiveKind { kAutoregressive, kMaskedDiffusion };
// Which share of the tokens is masked at time t in (0, 1]: t, or 1 - cos(pi t / 2).
enum class NoiseSchedule { kLinear, kCosine };
// kNelbo: the weight of the schedule, an upper bound of the negative log-likelihood. kUnweighted: the mean over the
// masked tokens, as in the paper, which bounds nothing.
enum class MaskedLoss { kNelbo, kUnweighted };

struct ArmConfig {
  std::string name;  // of its folders: "ar", "ar-regularised"
  ObjectiveKind objective = ObjectiveKind::kAutoregressive;
  double dropout = 0;
  double weight_decay = 0.1;
  bool is_tied = true;              // the head is the embedding
  bool has_time_embedding = false;  // of masked diffusion
  NoiseSchedule schedule = NoiseSchedule::kLinear;
  MaskedLoss loss = MaskedLoss::kNelbo;
};

enum class Precision { kFloat32, kBfloat16 };

struct TrainingConfig {
  size_t steps = 1000;
  size_t batch = 32;        // windows of a step
  size_t accumulation = 1;  // parts that a batch is computed in
  double learning_rate = 1e-3;
  double final_learning_rate = 0.1;  // of the largest, at the end of the cosine
  size_t warmup_steps = 100;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double clip_norm = 1;                       // 0: none
  double ema = 0;                             // decay of the averaged weights; 0: none
  Precision precision = Precision::kFloat32;  // bfloat16: products of matrices on a GPU
  size_t log_every = 10;                      // steps
  size_t evaluate_every = 250;
  size_t save_every = 250;
};

struct EvaluationConfig {
  size_t windows = 256;         // of validation, at each evaluation during training
  size_t noise_samples = 8;     // of t for each of them
  size_t final_windows = 1024;  // of each split, by `eval`
  size_t final_noise_samples = 64;
};

// Of the verb sample; study/samples/settings.h says which settings these make.
struct SamplingConfig {
  size_t samples = 1000;
  size_t batch = 50;                                   // sequences made side by side
  std::vector<double> temperatures = {0.6, 0.8, 1.0};  // of autoregressive arms and of masked ones
  std::vector<double> top_p = {1.0};                   // of autoregressive arms
  std::vector<size_t> steps = {8, 32, 128};            // of masked arms
  std::vector<size_t> confidence_steps;                // of masked arms, the likeliest tokens first
  std::vector<size_t> block_tokens;                    // of masked arms, block after block
  std::vector<std::string> prompts;                    // shared by all arms, beside no prompt
  bool takes_last = false;  // the nets at the end of training, not where validation was best
};

struct StudyConfig {
  std::string name = "study";
  CorpusConfig corpus;
  ModelConfig model;
  TrainingConfig training;
  EvaluationConfig evaluation;
  SamplingConfig sampling;
  std::vector<ArmConfig> arms;
  std::vector<uint64_t> seeds = {1, 2, 3};
};

// Every key that is absent has the value above; `arms` must be there. Throws Error{kInvalidData} with the full name
// of a key that is unknown, of another type or out of its range.
StudyConfig ParseConfig(const nlohmann::json& document);
// The same of a file; errors name it.
StudyConfig ReadConfig(const std::filesystem::path& path);
// @post ParseConfig(ToJson(config)) is equal, and ToJson of it the same text.
nlohmann::json ToJson(const StudyConfig& config);

// "paper", "honest", "laptop", "smoke".
std::vector<std::string_view> PresetNames();
// Throws Error{kInvalidArgument} for another name.
StudyConfig Preset(std::string_view name);

// The first key whose value differs, with both values: "'training.batch': 32, here 16". Empty: none.
std::string FirstDifference(const nlohmann::json& before, const nlohmann::json& now);

std::string_view ObjectiveName(ObjectiveKind kind) noexcept;  // "ar", "mdlm"

}  // namespace hlwq::study
