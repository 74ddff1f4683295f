#include "checkpoint/side_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "checkpoint/manifest.h"

namespace hlwq::checkpoint {
namespace {

namespace fs = std::filesystem;

template <size_t kCount>
bool IsAmong(const std::array<std::string_view, kCount>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool IsWeights(const fs::path& path) {
  static constexpr std::array<std::string_view, 15> kExtensions = {
      ".safetensors", ".st",   ".gguf", ".bin", ".pt",  ".pth",     ".ckpt",    ".h5",
      ".msgpack",     ".onnx", ".ot",   ".npz", ".npy", ".mlmodel", ".pdparams"};
  return IsAmong(kExtensions, path.extension().string());
}

// The names of files that hlwq writes anew, or that speak of files which do not come along.
bool IsOwn(std::string_view name) {
  return name == kManifestFileName || name == kRecipeFileName || name == "polar_config.json" ||
         name.ends_with(".index.json");
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
  explicit Collector(Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  // `prefix` is what comes before the names of files: "1_Pooling/".
  void AddFolder(const fs::path& folder, const std::string& prefix) {
    std::vector<fs::path> paths;
    std::error_code failure;
    for (fs::directory_iterator it(folder, failure), end; !failure && it != end;
         it.increment(failure)) {
      paths.push_back(it->path());
    }
    if (failure) {
      throw Error(ErrorCode::kIo, folder.string() + ": cannot list: " + failure.message());
    }
    std::ranges::sort(paths);
    for (const fs::path& path : paths) {
      const std::string name = path.filename().string();
      std::error_code ignored;
      if (fs::is_regular_file(path, ignored)) {
        AddFile(path, prefix + name);
      } else if (prefix.empty() && fs::is_directory(path, ignored) && !IsOtherFormat(name)) {
        AddFolder(path, name + "/");
      }
    }
  }

  void NoteLeftBehind() {
    if (left_.empty()) return;
    checkpoint_.notes.push_back(fmt::format(
        "left behind: {}{}, weights of another format or large", left_[0],
        left_.size() == 1 ? std::string() : fmt::format(" and {} more files", left_.size() - 1)));
  }

 private:
  Checkpoint& checkpoint_;
  uint64_t bytes_ = 0;
  std::vector<std::string> left_;

  void AddFile(const fs::path& path, const std::string& name) {
    if (name.starts_with('.') || IsOwn(path.filename().string())) return;
    if (path.extension() == ".safetensors") return;  // chosen elsewhere
    std::error_code failure;
    const uint64_t bytes = fs::file_size(path, failure);
    const bool is_large = bytes > kMaxSideFileBytes || bytes_ + bytes > kMaxSideFilesBytes;
    if (IsWeights(path) || failure || (is_large && !IsNeeded(name))) {
      left_.push_back(name);
      return;
    }
    bytes_ += bytes;
    checkpoint_.side_files.push_back({name, path, ""});
  }
};

}  // namespace

void CollectSideFiles(const fs::path& folder, Checkpoint& checkpoint) {
  Collector collector(checkpoint);
  collector.AddFolder(folder, "");
  collector.NoteLeftBehind();
}

}  // namespace hlwq::checkpoint
