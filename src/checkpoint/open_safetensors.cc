#include "checkpoint/open_safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>

#include "base/error.h"
#include "base/file.h"
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

// For checks across files: which of Checkpoint::files holds a tensor.
using FileOfTensor = std::map<std::string, size_t>;

void AddFile(Checkpoint& checkpoint, FileOfTensor& file_of, File opened) {
  io::SafetensorsFile file = io::SafetensorsFile::Open(std::move(opened));
  const size_t index = checkpoint.files.size();
  for (const io::SafetensorsEntry& entry : file.header().entries) {
    const auto [earlier, is_new] = file_of.emplace(entry.name, index);
    if (!is_new) {
      Fail(file.file().path().string() + ": tensor '" + entry.name + "' is in " +
           checkpoint.files[earlier->second].path().filename().string() + " as well");
    }
    checkpoint.tensors.push_back(
        {entry.name, entry.dtype, entry.shape,
         PlainStorage{{index, file.header().data_offset + entry.begin, entry.bytes()}}});
  }
  checkpoint.header_hashes.push_back(file.header_hash());
  checkpoint.files.push_back(std::move(file).TakeFile());
}

void AddIndexedFiles(Checkpoint& checkpoint, FileOfTensor& file_of, const Folder& folder) {
  const std::string index_path = (folder.path() / kIndexName).string();
  const std::string text = ReadSmallFile(folder.Open(std::string(kIndexName)), kMaxIndexBytes);
  const io::ShardIndex index = WithContext(index_path, [&] { return io::ParseShardIndex(text); });
  std::set<std::string> names;
  for (const auto& [tensor, file] : index.file_of_tensor) names.insert(file);
  for (const std::string& name : names) AddFile(checkpoint, file_of, folder.Open(name));
  for (const auto& [tensor, file] : index.file_of_tensor) {
    const auto found = file_of.find(tensor);
    if (found == file_of.end() || checkpoint.files[found->second].path().filename() != file) {
      Fail(index_path + ": tensor '" + tensor + "': want it in " + file + ", which lacks it");
    }
  }
  if (file_of.size() != index.file_of_tensor.size()) {
    checkpoint.notes.push_back(std::to_string(file_of.size() - index.file_of_tensor.size()) +
                               " tensors are in the shards but not in " + std::string(kIndexName));
  }
}

// Weights that lie beside those of a model and are not of it: an adapter, a second copy in the layout
// of the makers or in another type ("model.fp16.safetensors").
bool IsForeign(const std::string& name) {
  if (name.starts_with("adapter_") || name.starts_with("consolidated")) return true;
  const std::string variant = fs::path(name).stem().extension().string();
  return variant == ".fp16" || variant == ".bf16" || variant == ".fp32";
}

// "model-00002-of-00003.safetensors" names its set and the number of files in it.
struct ShardName {
  std::string set;
  uint64_t count = 0;
};
std::optional<ShardName> ParseShardName(const std::string& name) {
  const std::string stem = fs::path(name).stem().string();
  const size_t of = stem.rfind("-of-");
  if (of == std::string::npos || of < 6) return std::nullopt;
  const std::string_view total = std::string_view(stem).substr(of + 4);
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(total.data(), total.data() + total.size(), count);
  if (error != std::errc() || end != total.data() + total.size()) return std::nullopt;
  return ShardName{stem.substr(0, stem.rfind('-', of - 1)), count};
}

// Without an index nothing else tells that a part of a model is missing.
void RequireAllShards(const fs::path& folder, std::span<const std::string> files) {
  std::map<std::string, std::pair<uint64_t, uint64_t>> sets;  // found, wanted
  for (const std::string& file : files) {
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

// A folder while it is opened.
class FolderOpener {
 public:
  explicit FolderOpener(std::shared_ptr<const Folder> folder)
      : folder_(std::move(folder)), names_(folder_->Names()) {
    checkpoint_.root = folder_->path();
  }

  Checkpoint Open() {
    ReadConfigs();
    FileOfTensor file_of;
    const std::vector<std::string> files = ChooseFiles();
    if (files.empty() && Has(kIndexName)) AddIndexedFiles(checkpoint_, file_of, *folder_);
    for (const std::string& name : files) AddFile(checkpoint_, file_of, folder_->Open(name));
    if (checkpoint_.files.empty()) FailWithoutWeights();
    CollectSideFiles(folder_, checkpoint_);
    Interpret();
    return std::move(checkpoint_);
  }

 private:
  std::shared_ptr<const Folder> folder_;
  std::vector<std::string> names_;  // sorted
  Checkpoint checkpoint_;

  bool Has(std::string_view name) const { return std::ranges::binary_search(names_, name); }

  void ReadConfigs() {
    if (Has("config.json")) {
      checkpoint_.config = ReadJsonFile(folder_->Open("config.json"));
      if (!checkpoint_.config.is_object()) {
        Fail((folder_->path() / "config.json").string() + ": want an object");
      }
    }
    if (Has("polar_config.json")) {
      checkpoint_.polar_config = ReadJsonFile(folder_->Open("polar_config.json"), kMaxIndexBytes);
    }
  }

  // The files that make up the model, chosen as transformers does; empty: those of the index. A
  // polar_state checkpoint may have several without one.
  std::vector<std::string> ChooseFiles() {
    std::vector<std::string> files, ignored;
    const bool is_single = checkpoint_.polar_config.is_null() && Has(kSingleName);
    const bool is_indexed = !is_single && Has(kIndexName);
    for (const std::string& name : names_) {
      if (!name.ends_with(".safetensors")) continue;
      const bool is_used = is_single ? name == kSingleName : !IsForeign(name);
      if (!is_indexed) (is_used ? files : ignored).push_back(name);
    }
    // A copy in the makers' own layout is still something to convert.
    if (files.empty() && !is_indexed) {
      std::erase_if(ignored, [](const std::string& name) { return name.starts_with("adapter_"); });
      files.swap(ignored);
    }
    if (!ignored.empty()) {
      checkpoint_.notes.push_back(fmt::format(
          "{}{} not of this model and ignored", ignored[0],
          ignored.size() == 1 ? " is" : fmt::format(" and {} more are", ignored.size() - 1)));
    }
    if (!is_single) RequireAllShards(checkpoint_.root, files);
    return files;
  }

  // Says what is there instead.
  [[noreturn]] void FailWithoutWeights() const {
    std::string hint;
    if (Has("snapshots") && Has("refs")) {
      hint = "; this is a folder of the Hub's cache: its model is below snapshots/";
      for (const std::string& name : LocalFolder(folder_->path() / "snapshots").Names()) {
        hint += " " + name;
      }
    }
    for (const std::string& name : names_) {
      if (!hint.empty()) break;
      const std::string extension = fs::path(name).extension().string();
      if (name.starts_with("adapter_")) {
        hint = fmt::format("; {} is an adapter: merge it into its model first", name);
      } else if (extension == ".bin" || extension == ".pth" || extension == ".pt") {
        hint = fmt::format(
            "; {} is a pickle of PyTorch: load it with transformers and save it with "
            "save_pretrained",
            name);
      }
    }
    throw Error(ErrorCode::kNotFound, fmt::format("{}: no .safetensors file in this folder{}",
                                                  folder_->path().string(), hint));
  }

  void Interpret() {
    const bool has_small_floats = HasSmallFloats(checkpoint_);
    if (HasCompressedConfig(checkpoint_.config) &&
        !(has_small_floats && HasCompressedFloats(checkpoint_.config))) {
      InterpretCompressedTensors(checkpoint_);
    } else if (has_small_floats) {
      InterpretSmallFloats(checkpoint_);
    } else if (LooksLikePolar(checkpoint_)) {
      InterpretPolar(checkpoint_);
    }
  }
};

}  // namespace

Checkpoint OpenSafetensorsFolder(const std::shared_ptr<const Folder>& folder) {
  return FolderOpener(folder).Open();
}

Checkpoint OpenSafetensorsFile(File file) {
  Checkpoint checkpoint;
  checkpoint.root = file.path();
  FileOfTensor file_of;
  AddFile(checkpoint, file_of, std::move(file));
  if (HasSmallFloats(checkpoint)) {
    InterpretSmallFloats(checkpoint);
  } else if (LooksLikePolar(checkpoint)) {
    InterpretPolar(checkpoint);
  }
  return checkpoint;
}

}  // namespace hlwq::checkpoint
