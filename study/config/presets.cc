#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "study/config/config.h"

namespace hlwq::study {
namespace {

struct PresetText {
  std::string_view name;
  std::string_view json;
};

// The published protocol at its full size, flaws included: only the AR head is tied, MDLM has a time embedding, a
// cosine schedule and an unweighted loss, and there is one seed.
constexpr std::string_view kPaper = R"({
  "name": "paper", "seeds": [1],
  "corpus": {"tokens": 50000000},
  "model": {"layers": 12, "heads": 12, "width": 768, "hidden": 2048, "window": 512},
  "training": {"steps": 20000, "batch": 32, "learning_rate": 3e-4, "warmup_steps": 1000, "precision": "bfloat16",
               "log_every": 20, "evaluate_every": 1000, "save_every": 1000},
  "sampling": {"temperatures": [1.0], "steps": [128], "prompts": ["Once"], "last": true},
  "arms": [
    {"name": "ar", "objective": "ar"},
    {"name": "mdlm", "objective": "mdlm", "tied": false, "time_embedding": true, "schedule": "cosine",
     "loss": "unweighted"}
  ]
})";

// The same sizes without the flaws.
constexpr std::string_view kHonest = R"({
  "name": "honest", "seeds": [1, 2, 3],
  "corpus": {"tokens": 50000000},
  "model": {"layers": 12, "heads": 12, "width": 768, "hidden": 2048, "window": 512},
  "training": {"steps": 20000, "batch": 32, "learning_rate": 3e-4, "warmup_steps": 1000, "precision": "bfloat16",
               "ema": 0.999, "log_every": 20, "evaluate_every": 1000, "save_every": 1000},
  "sampling": {"temperatures": [0.6, 0.8, 1.0], "top_p": [0.9, 1.0], "steps": [8, 32, 128, 512],
               "confidence_steps": [32, 128], "block_tokens": [32], "prompts": ["Once"]},
  "arms": [
    {"name": "ar", "objective": "ar"},
    {"name": "ar-regularised", "objective": "ar", "dropout": 0.1, "weight_decay": 0.5},
    {"name": "mdlm", "objective": "mdlm"}
  ]
})";

// Two cores, 100 minutes for all of it. Some 300,000 tokens to train on are seen 25 times.
constexpr std::string_view kLaptop = R"({
  "name": "laptop", "seeds": [1, 2, 3],
  "corpus": {"tokens": 375000, "validation": 0.1, "test": 0.1},
  "model": {"layers": 4, "heads": 2, "width": 128, "hidden": 384, "window": 128},
  "training": {"steps": 1800, "batch": 32, "learning_rate": 2e-3, "warmup_steps": 100, "log_every": 20,
               "evaluate_every": 75, "save_every": 150},
  "evaluation": {"windows": 128, "noise_samples": 8, "final_windows": 192, "final_noise_samples": 64},
  "sampling": {"temperatures": [0.8, 1.0], "steps": [8, 32, 64], "confidence_steps": [32], "block_tokens": [16],
               "prompts": ["Once"]},
  "arms": [
    {"name": "ar", "objective": "ar"},
    {"name": "ar-regularised", "objective": "ar", "dropout": 0.1, "weight_decay": 0.5},
    {"name": "mdlm", "objective": "mdlm"}
  ]
})";

// Runs everything once, in seconds.
constexpr std::string_view kSmoke = R"({
  "name": "smoke", "seeds": [1],
  "model": {"layers": 2, "heads": 2, "width": 32, "hidden": 64, "window": 32},
  "training": {"steps": 60, "batch": 8, "learning_rate": 5e-3, "warmup_steps": 10, "log_every": 5,
               "evaluate_every": 20, "save_every": 20},
  "evaluation": {"windows": 16, "noise_samples": 8, "final_windows": 32, "final_noise_samples": 64},
  "sampling": {"samples": 40, "batch": 20, "temperatures": [0.8, 1.0], "steps": [8, 32],
               "confidence_steps": [8], "block_tokens": [8], "prompts": ["Once"]},
  "arms": [
    {"name": "ar", "objective": "ar"},
    {"name": "ar-regularised", "objective": "ar", "dropout": 0.1, "weight_decay": 0.5},
    {"name": "mdlm", "objective": "mdlm"}
  ]
})";

constexpr std::array<PresetText, 4> kPresets = {
    {{"paper", kPaper}, {"honest", kHonest}, {"laptop", kLaptop}, {"smoke", kSmoke}}};

}  // namespace

std::vector<std::string_view> PresetNames() {
  std::vector<std::string_view> names;
  for (const PresetText& preset : kPresets) names.push_back(preset.name);
  return names;
}

StudyConfig Preset(std::string_view name) {
  for (const PresetText& preset : kPresets) {
    if (preset.name == name) return ParseConfig(ParseJson(preset.json));
  }
  throw Error(
      ErrorCode::kInvalidArgument,
      fmt::format("no preset is called '{}'; there are paper, honest, laptop and smoke", name));
}

}  // namespace hlwq::study
