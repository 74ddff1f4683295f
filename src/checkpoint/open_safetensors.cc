#include "checkpoint/open_safetensors.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "checkpoint/compressed_tensors/config.h"
#include "checkpoint/compressed_tensors/open.h"
#include "checkpoint/polar/open.h"
#include "io/safetensors.h"
#include "io/shard_index.h"

namespace hlwq::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIndexName = "model.safetensors.index.json";
constexpr std::string_view kManifestName = "hlwq_manifest.json";
constexpr uint64_t kMaxIndexBytes = 256u << 20;

[[noreturn]] void Fail(std::string message) {
  throw Error(ErrorCode::kInvalidData, std::move(message));
}

bool Exists(const fs::path& path) {
  std::error_code failure;
  return fs::exists(fs::symlink_status(path, failure));
}

std::vector<fs::path> SortedFiles(const fs::path& folder) {
  std::error_code failure;
  std::vector<fs::path> paths;
  for (fs::directory_iterator it(folder, failure), end; !failure && it != end;
       it.increment(failure)) {
    paths.push_back(it->path());
  }
  if (failure) {
    throw Error(ErrorCode::kIo, folder.string() + ": cannot list: " + failure.message());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// What travels with the weights: configuration, tokenizer, template, custom code, licence.
bool IsSideFile(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name == kManifestName || name == kRecipeFileName || name == "polar_config.json" ||
      name.ends_with(".index.json")) {
    return false;
  }
  constexpr std::array kExtensions = {".json", ".jinja", ".txt", ".model", ".tiktoken", ".py"};
  const std::string extension = path.extension().string();
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end() ||
         name.starts_with("LICENSE") || name.starts_with("NOTICE");
}

// For checks across files: which of Checkpoint::files holds a tensor.
using FileOfTensor = std::map<std::string, size_t>;

void AddFile(Checkpoint& checkpoint, FileOfTensor& file_of, const fs::path& path) {
  io::SafetensorsFile file = io::SafetensorsFile::Open(path);
  const size_t index = checkpoint.files.size();
  for (const io::SafetensorsEntry& entry : file.header().entries) {
    const auto [earlier, is_new] = file_of.emplace(entry.name, index);
    if (!is_new) {
      Fail(path.string() + ": tensor '" + entry.name + "' is in " +
           checkpoint.files[earlier->second].path().filename().string() + " as well");
    }
    checkpoint.tensors.push_back(
        {entry.name, entry.dtype, entry.shape,
         PlainStorage{{index, file.header().data_offset + entry.begin, entry.bytes()}}});
  }
  checkpoint.header_hashes.push_back(file.header_hash());
  checkpoint.files.push_back(std::move(file).TakeFile());
}

void AddIndexedFiles(Checkpoint& checkpoint, FileOfTensor& file_of, const fs::path& index_path) {
  const std::string text = ReadSmallFile(index_path, kMaxIndexBytes);
  const io::ShardIndex index =
      WithContext(index_path.string(), [&] { return io::ParseShardIndex(text); });
  std::set<std::string> names;
  for (const auto& [tensor, file] : index.file_of_tensor) names.insert(file);
  for (const std::string& name : names)
    AddFile(checkpoint, file_of, index_path.parent_path() / name);
  for (const auto& [tensor, file] : index.file_of_tensor) {
    const auto found = file_of.find(tensor);
    if (found == file_of.end() || checkpoint.files[found->second].path().filename() != file) {
      Fail(index_path.string() + ": tensor '" + tensor + "': want it in " + file +
           ", which lacks it");
    }
  }
  if (file_of.size() != index.file_of_tensor.size()) {
    checkpoint.notes.push_back(std::to_string(file_of.size() - index.file_of_tensor.size()) +
                               " tensors are in the shards but not in " +
                               index_path.filename().string());
  }
}

void ReadConfigs(Checkpoint& checkpoint, const fs::path& folder) {
  if (Exists(folder / "config.json")) {
    checkpoint.config = ReadJsonFile(folder / "config.json");
    if (!checkpoint.config.is_object()) {
      Fail((folder / "config.json").string() + ": want an object");
    }
  }
  if (Exists(folder / "polar_config.json")) {
    checkpoint.polar_config = ReadJsonFile(folder / "polar_config.json", kMaxIndexBytes);
  }
}

}  // namespace

Checkpoint OpenSafetensorsFolder(const fs::path& folder) {
  Checkpoint checkpoint;
  checkpoint.root = folder;
  ReadConfigs(checkpoint, folder);

  FileOfTensor file_of;
  const std::vector<fs::path> paths = SortedFiles(folder);
  if (Exists(folder / kIndexName)) {
    AddIndexedFiles(checkpoint, file_of, folder / kIndexName);
  } else {
    for (const fs::path& path : paths) {
      if (path.extension() == ".safetensors") AddFile(checkpoint, file_of, path);
    }
  }
  if (checkpoint.files.empty()) {
    throw Error(ErrorCode::kNotFound, folder.string() + ": no .safetensors file in this folder");
  }
  for (const fs::path& path : paths) {
    std::error_code ignored;
    if (IsSideFile(path) && fs::is_regular_file(path, ignored)) {
      checkpoint.side_files.push_back({path.filename().string(), path, ""});
    }
  }
  if (HasCompressedConfig(checkpoint.config)) {
    InterpretCompressedTensors(checkpoint);
  } else if (LooksLikePolar(checkpoint)) {
    InterpretPolar(checkpoint);
  }
  return checkpoint;
}

Checkpoint OpenSafetensorsFile(const fs::path& path) {
  Checkpoint checkpoint;
  checkpoint.root = path;
  FileOfTensor file_of;
  AddFile(checkpoint, file_of, path);
  if (LooksLikePolar(checkpoint)) InterpretPolar(checkpoint);
  return checkpoint;
}

}  // namespace hlwq::checkpoint
