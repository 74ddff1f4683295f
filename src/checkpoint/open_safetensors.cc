#include "checkpoint/open_safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <span>

#include "base/error.h"
#include "base/json.h"
#include "checkpoint/compressed_tensors/config.h"
#include "checkpoint/compressed_tensors/open.h"
#include "checkpoint/polar/open.h"
#include "checkpoint/side_files.h"
#include "checkpoint/small_floats/open.h"
#include "io/safetensors.h"
#include "io/shard_index.h"

namespace hlwq::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSingleName = "model.safetensors";
constexpr std::string_view kIndexName = "model.safetensors.index.json";
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

// Weights that lie beside those of a model and are not of it: an adapter, a second copy in the layout
// of the makers or in another type ("model.fp16.safetensors").
bool IsForeign(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name.starts_with("adapter_") || name.starts_with("consolidated")) return true;
  const std::string variant = path.stem().extension().string();
  return variant == ".fp16" || variant == ".bf16" || variant == ".fp32";
}

// "model-00002-of-00003.safetensors" names its set and the number of files in it.
struct ShardName {
  std::string set;
  uint64_t count = 0;
};
std::optional<ShardName> ParseShardName(const fs::path& path) {
  const std::string stem = path.stem().string();
  const size_t of = stem.rfind("-of-");
  if (of == std::string::npos || of < 6) return std::nullopt;
  const std::string_view total = std::string_view(stem).substr(of + 4);
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(total.data(), total.data() + total.size(), count);
  if (error != std::errc() || end != total.data() + total.size()) return std::nullopt;
  return ShardName{stem.substr(0, stem.rfind('-', of - 1)), count};
}

// Without an index nothing else tells that a part of a model is missing.
void RequireAllShards(const fs::path& folder, std::span<const fs::path> files) {
  std::map<std::string, std::pair<uint64_t, uint64_t>> sets;  // found, wanted
  for (const fs::path& file : files) {
    if (const auto shard = ParseShardName(file)) {
      auto& [found, wanted] = sets[shard->set];
      ++found;
      wanted = shard->count;
    }
  }
  for (const auto& [name, counts] : sets) {
    if (counts.first == counts.second) continue;
    throw Error(ErrorCode::kNotFound,
                fmt::format("{}: want {} files {}-*-of-*.safetensors, got {}", folder.string(),
                            counts.second, name, counts.first));
  }
}

// The files that make up the model, chosen as transformers does; empty: those of the index. A
// polar_state checkpoint may have several without one.
std::vector<fs::path> ChooseFiles(Checkpoint& checkpoint, std::span<const fs::path> paths) {
  std::vector<fs::path> files, ignored;
  const bool is_single = checkpoint.polar_config.is_null() && Exists(checkpoint.root / kSingleName);
  const bool is_indexed = !is_single && Exists(checkpoint.root / kIndexName);
  for (const fs::path& path : paths) {
    if (path.extension() != ".safetensors") continue;
    const bool is_used = is_single ? path.filename() == kSingleName : !IsForeign(path);
    if (!is_indexed) (is_used ? files : ignored).push_back(path);
  }
  // A copy in the makers' own layout is still something to convert.
  if (files.empty() && !is_indexed) {
    std::erase_if(ignored, [](const fs::path& path) {
      return path.filename().string().starts_with("adapter_");
    });
    files.swap(ignored);
  }
  if (!ignored.empty()) {
    checkpoint.notes.push_back(fmt::format(
        "{}{} not of this model and ignored", ignored[0].filename().string(),
        ignored.size() == 1 ? " is" : fmt::format(" and {} more are", ignored.size() - 1)));
  }
  if (!is_single) RequireAllShards(checkpoint.root, files);
  return files;
}

// Says what is there instead.
[[noreturn]] void FailWithoutWeights(const fs::path& folder, std::span<const fs::path> paths) {
  std::string hint;
  if (Exists(folder / "snapshots") && Exists(folder / "refs")) {
    hint = "; this is a folder of the Hub's cache: its model is below snapshots/";
    for (const fs::path& snapshot : SortedFiles(folder / "snapshots"))
      hint += " " + snapshot.filename().string();
  }
  for (const fs::path& path : paths) {
    const std::string name = path.filename().string();
    if (!hint.empty()) break;
    if (name.starts_with("adapter_")) {
      hint = fmt::format("; {} is an adapter: merge it into its model first", name);
    } else if (path.extension() == ".bin" || path.extension() == ".pth" ||
               path.extension() == ".pt") {
      hint = fmt::format(
          "; {} is a pickle of PyTorch: load it with transformers and save it with save_pretrained",
          name);
    }
  }
  throw Error(ErrorCode::kNotFound,
              fmt::format("{}: no .safetensors file in this folder{}", folder.string(), hint));
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
  const std::vector<fs::path> files = ChooseFiles(checkpoint, paths);
  if (files.empty() && Exists(folder / kIndexName)) {
    AddIndexedFiles(checkpoint, file_of, folder / kIndexName);
  }
  for (const fs::path& path : files) AddFile(checkpoint, file_of, path);
  if (checkpoint.files.empty()) FailWithoutWeights(folder, paths);
  CollectSideFiles(folder, checkpoint);
  const bool has_small_floats = HasSmallFloats(checkpoint);
  if (HasCompressedConfig(checkpoint.config) &&
      !(has_small_floats && HasCompressedFloats(checkpoint.config))) {
    InterpretCompressedTensors(checkpoint);
  } else if (has_small_floats) {
    InterpretSmallFloats(checkpoint);
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
  if (HasSmallFloats(checkpoint)) {
    InterpretSmallFloats(checkpoint);
  } else if (LooksLikePolar(checkpoint)) {
    InterpretPolar(checkpoint);
  }
  return checkpoint;
}

}  // namespace hlwq::checkpoint
