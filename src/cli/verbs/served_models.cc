#include "cli/verbs/served_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "base/error.h"
#include "checkpoint/gguf/split.h"
#include "cli/flags/names.h"

namespace hlwq::cli {
namespace {

namespace fs = std::filesystem;

std::string NameOf(const fs::path& path) {
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

// A .gguf model, the first of its files where it has several; no projector of images.
bool IsGguf(const fs::path& path) {
  std::error_code failure;
  if (path.extension() != ".gguf" || !fs::is_regular_file(path, failure)) return false;
  if (path.filename().string().starts_with("mmproj")) return false;
  const auto split = checkpoint::ParseGgufSplit(path);
  return !split || split->number == 1;
}

std::vector<fs::path> Entries(const fs::path& folder) {
  std::error_code failure;
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder, failure)) paths.push_back(entry.path());
  std::ranges::sort(paths);
  return paths;
}

bool HasConfig(const fs::path& folder) {
  std::error_code failure;
  return fs::exists(folder / "config.json", failure);
}

bool IsModel(const fs::path& path) {
  return IsGguf(path) || HasConfig(path) || std::ranges::count_if(Entries(path), IsGguf) == 1;
}

// The models in a folder of models, by name.
std::vector<NamedModel> ModelsIn(const fs::path& folder) {
  std::vector<NamedModel> models;
  for (const fs::path& path : Entries(folder)) {
    if (IsModel(path)) models.push_back({NameOf(path), path.string()});
  }
  return models;
}

// Those of a folder of models; else the one that it is, or is to be.
std::vector<NamedModel> ModelsAt(const std::string& operand) {
  const NamedModel itself = {NameOf(operand), operand};
  if (HasConfig(operand)) return {itself};
  std::vector<NamedModel> found = ModelsIn(operand);
  // A folder with one .gguf file and nothing else to run is that model (checkpoint::OpenCheckpoint).
  const bool is_model = found.empty() || (found.size() == 1 && IsGguf(found.front().path));
  return is_model ? std::vector{itself} : found;
}

void CheckNames(const std::vector<NamedModel>& models) {
  std::map<std::string, std::string> path_of;
  for (const NamedModel& model : models) {
    const auto [other, is_new] = path_of.emplace(model.name, model.path);
    if (is_new) continue;
    throw Error(ErrorCode::kInvalidArgument, fmt::format("two models are called '{}': {} and {}",
                                                         model.name, other->second, model.path));
  }
}

}  // namespace

std::vector<NamedModel> ModelsToServe(const Arguments& arguments) {
  const std::vector<std::string> operands = arguments.Operands("DIR");
  const auto folder = arguments.FindText(flag::kModelsDir);
  if (operands.empty() && !folder) {
    throw Error(ErrorCode::kInvalidArgument, "serve needs DIR or --models-dir: hlwq help serve");
  }
  std::vector<NamedModel> models;
  bool has_folder = false;  // of models
  for (const std::string& operand : operands) {
    const std::vector<NamedModel> found = ModelsAt(operand);
    has_folder = has_folder || found.front().path != operand;
    models.insert(models.end(), found.begin(), found.end());
  }
  if (folder) {
    const std::vector<NamedModel> found = ModelsIn(*folder);
    if (found.empty()) throw Error(ErrorCode::kNotFound, *folder + ": there is no model in it");
    has_folder = true;
    models.insert(models.end(), found.begin(), found.end());
  }
  if (const auto alias = arguments.FindText(flag::kAlias)) {
    if (has_folder || models.size() > 1) {
      throw Error(ErrorCode::kInvalidArgument,
                  "--alias: several models have the names of their folders");
    }
    models.front().name = *alias;
  }
  CheckNames(models);
  return models;
}

}  // namespace hlwq::cli
