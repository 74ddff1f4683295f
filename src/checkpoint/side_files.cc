#include "checkpoint/side_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "checkpoint/manifest.h"

namespace hlwq::checkpoint {
namespace {

namespace fs = std::filesystem;

template <size_t kCount>
bool IsAmong(const std::array<std::string_view, kCount>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool IsWeights(const fs::path& name) {
  static constexpr std::array<std::string_view, 15> kExtensions = {
      ".safetensors", ".st",   ".gguf", ".bin", ".pt",  ".pth",     ".ckpt",    ".h5",
      ".msgpack",     ".onnx", ".ot",   ".npz", ".npy", ".mlmodel", ".pdparams"};
  return IsAmong(kExtensions, name.extension().string());
}

// The names of files that hlwq writes anew, or that speak of files which do not come along.
bool IsOwn(std::string_view name) {
  return name == kManifestFileName || name == kRecipeFileName || name == kCalibrationFileName ||
         name == "polar_config.json" || name.ends_with(".index.json");
}

// What a model cannot do without: never left behind, however large.
bool IsNeeded(const std::string& name) {
  static constexpr std::array<std::string_view, 5> kExtensions = {".json", ".jinja", ".txt",
                                                                  ".model", ".tiktoken"};
  return name.find('/') == name.npos && IsAmong(kExtensions, fs::path(name).extension().string());
}

bool IsOtherFormat(std::string_view folder) {
  static constexpr std::array<std::string_view, 8> kFolders = {
      "original", "onnx", "openvino", "coreml", "flax", "tf", "metal", "gguf"};
  return folder.starts_with('.') || IsAmong(kFolders, folder);
}

class Collector {
 public:
  Collector(std::shared_ptr<const Folder> folder, Checkpoint& checkpoint)
      : folder_(std::move(folder)), checkpoint_(checkpoint) {}

  void Add(const std::string& name) {
    const std::string folder = name.substr(0, std::min(name.find('/'), name.size()));
    const std::string last = name.substr(name.rfind('/') + 1);
    if (last.starts_with('.') || IsOwn(last) || name.ends_with(".safetensors")) return;
    if (folder != name && IsOtherFormat(folder)) return;
    const std::optional<fs::path> path = folder_->LocalPath(name);
    std::error_code ignored;
    if (path && !fs::is_regular_file(*path, ignored)) return;
    const uint64_t bytes = path ? fs::file_size(*path, ignored) : folder_->Open(name).SizeBytes();
    const bool is_large = bytes > kMaxSideFileBytes || bytes_ + bytes > kMaxSideFilesBytes;
    if (IsWeights(name) || (is_large && !IsNeeded(name))) {
      left_.push_back(name);
      return;
    }
    bytes_ += bytes;
    if (path) {
      checkpoint_.side_files.push_back({name, *path});
    } else {
      checkpoint_.side_files.push_back({.name = name, .make = [remote = folder_, name] {
                                          return ReadSmallFile(remote->Open(name),
                                                               kMaxReadSideFileBytes);
                                        }});
    }
  }

  void NoteLeftBehind() {
    if (left_.empty()) return;
    checkpoint_.notes.push_back(fmt::format(
        "left behind: {}{}, weights of another format or large", left_[0],
        left_.size() == 1 ? std::string() : fmt::format(" and {} more files", left_.size() - 1)));
  }

 private:
  std::shared_ptr<const Folder> folder_;
  Checkpoint& checkpoint_;
  uint64_t bytes_ = 0;
  std::vector<std::string> left_;
};

}  // namespace

void CollectSideFiles(const std::shared_ptr<const Folder>& folder, Checkpoint& checkpoint) {
  Collector collector(folder, checkpoint);
  for (const std::string& name : folder->Names()) collector.Add(name);
  for (const std::string& name : folder->NamesBelow()) collector.Add(name);
  collector.NoteLeftBehind();
}

}  // namespace hlwq::checkpoint
