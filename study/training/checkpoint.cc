#include "study/training/checkpoint.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "study/corpus/array_file.h"

namespace hlwq::study {
namespace {

constexpr const char* kFormat = "hlwq-study-checkpoint-1";
constexpr std::string_view kAverage = "ema.";

using Tensors = std::vector<std::pair<std::string, at::Tensor>>;

// The metadata of a checkpoint, one value of JSON.
nlohmann::json Describe(const RunIdentity& run, const TrainingState& state) {
  return {{"format", kFormat},
          {"arm", run.arm},
          {"seed", run.seed},
          {"config", ToJson(run.config)},
          {"vocabulary", run.vocabulary},
          {"start", run.start},
          {"corpus_hash", run.corpus_hash},
          {"step", state.step},
          {"best_nll", state.best_nll},
          {"best_step", state.best_step},
          {"seconds", state.seconds},
          {"interval_loss", state.interval_loss},
          {"interval_steps", state.interval_steps}};
}

struct Description {
  RunIdentity run;
  TrainingState state;
};

Description ReadDescription(const ArrayFile& file, const std::filesystem::path& path) {
  return WithContext(path.string(), [&] {
    const auto& metadata = file.metadata();
    const auto found = metadata.find("study");
    if (found == metadata.end()) {
      throw Error(ErrorCode::kInvalidData, "want a checkpoint of hlwq-study, got another file");
    }
    const nlohmann::json document = ParseJson(found->second);
    try {
      Description description;
      description.run = {.arm = document.at("arm"),
                         .seed = document.at("seed"),
                         .config = ParseConfig(document.at("config")),
                         .vocabulary = document.at("vocabulary"),
                         .start = document.at("start"),
                         .corpus_hash = document.at("corpus_hash")};
      description.state = {.step = document.at("step"),
                           .best_nll = document.at("best_nll"),
                           .best_step = document.at("best_step"),
                           .seconds = document.at("seconds"),
                           .interval_loss = document.at("interval_loss"),
                           .interval_steps = document.at("interval_steps")};
      return description;
    } catch (const nlohmann::json::exception& error) {
      throw Error(ErrorCode::kInvalidData, error.what());
    }
  });
}

void Fill(const ArrayFile& file, const std::string& name, const at::Tensor& tensor) {
  const auto bytes = file.Bytes(name, DType::kF32);
  if (bytes.size() != static_cast<size_t>(tensor.numel()) * sizeof(float)) {
    throw Error(ErrorCode::kInvalidData, fmt::format("'{}': want {} numbers, got {}", name,
                                                     tensor.numel(), bytes.size() / sizeof(float)));
  }
  const at::NoGradGuard no_gradients;
  at::Tensor values = at::empty(tensor.sizes(), at::kFloat);
  std::memcpy(values.data_ptr<float>(), bytes.data(), bytes.size());
  tensor.detach().copy_(values);
}

[[noreturn]] void RefuseRun(const std::filesystem::path& path, const std::string& complaint) {
  throw Error(ErrorCode::kSourceChanged,
              fmt::format("{}: {}; go on as it was begun, or begin in another folder",
                          path.string(), complaint));
}

void CheckRun(const RunIdentity& was, const RunIdentity& is, const std::filesystem::path& path) {
  const std::string difference = FirstDifference(ToJson(was.config), ToJson(is.config));
  if (!difference.empty()) RefuseRun(path, "the configuration is another: " + difference);
  if (was.arm != is.arm || was.seed != is.seed) {
    RefuseRun(path, fmt::format("it is of arm {} and seed {}, not of {} and {}", was.arm, was.seed,
                                is.arm, is.seed));
  }
  if (was.corpus_hash != is.corpus_hash) {
    RefuseRun(path,
              fmt::format("the corpus is another: was {}, is {}", was.corpus_hash, is.corpus_hash));
  }
}

}  // namespace

void SaveCheckpoint(const std::filesystem::path& path, const Net& net, const Optimizer* optimizer,
                    const RunIdentity& run, const TrainingState& state) {
  Tensors tensors = net.parameters();
  if (optimizer != nullptr) std::ranges::copy(optimizer->State(), std::back_inserter(tensors));
  std::vector<NamedArray> arrays;
  std::vector<at::Tensor> here;
  for (const auto& [name, tensor] : tensors) {
    here.push_back(tensor.detach().to(at::kCPU, at::kFloat).contiguous());
    const at::Tensor& values = here.back();
    Shape shape;
    for (const int64_t size : values.sizes()) shape.push_back(static_cast<uint64_t>(size));
    arrays.push_back(
        {name, DType::kF32, shape,
         std::as_bytes(std::span(values.data_ptr<float>(), static_cast<size_t>(values.numel())))});
  }
  WriteArrays(path, arrays, {{"format", "pt"}, {"study", Describe(run, state).dump()}});
}

TrainingState LoadCheckpoint(const std::filesystem::path& path, const Net& net,
                             Optimizer& optimizer, const RunIdentity& run) {
  const ArrayFile file(path);
  const Description description = ReadDescription(file, path);
  CheckRun(description.run, run, path);
  WithContext(path.string(), [&] {
    for (const auto& [name, tensor] : net.parameters()) Fill(file, name, tensor);
    for (const auto& [name, tensor] : optimizer.State()) Fill(file, name, tensor);
  });
  return description.state;
}

LoadedNet LoadNet(const std::filesystem::path& path, const std::string& device) {
  const ArrayFile file(path);
  Description description = ReadDescription(file, path);
  const std::vector<ArmConfig>& arms = description.run.config.arms;
  const auto arm = std::ranges::find(arms, description.run.arm, &ArmConfig::name);
  if (arm == arms.end()) {
    throw Error(ErrorCode::kInvalidData, fmt::format("{}: its configuration has no arm '{}'",
                                                     path.string(), description.run.arm));
  }
  LoadedNet loaded = {
      .net = Net(OptionsOf(description.run.config.model, *arm, description.run.vocabulary),
                 description.run.seed, device),
      .run = description.run,
      .arm = *arm,
      .state = description.state};
  WithContext(path.string(), [&] {
    for (const auto& [name, tensor] : loaded.net.parameters()) {
      const std::string average = std::string(kAverage) + name;
      Fill(file, file.Has(average) ? average : name, tensor);
    }
  });
  return loaded;
}

}  // namespace hlwq::study
