#include "checkpoint/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "checkpoint/gguf/open.h"
#include "checkpoint/gguf/split.h"
#include "checkpoint/open_safetensors.h"

namespace hlwq::checkpoint {

namespace fs = std::filesystem;

MatrixShape TensorEntry::AsMatrix() const {
  if (shape.empty()) return {1, 1};
  const uint64_t in = shape.back();
  return {in == 0 ? 0 : elements() / in, in};
}

std::string_view FormatName(Format format) noexcept {
  switch (format) {
    case Format::kSafetensors:
      return "safetensors";
    case Format::kPolarState:
      return "polar_state";
    case Format::kPolarLegacy:
      return "polar_engine";
    case Format::kGguf:
      return "gguf";
    case Format::kCompressedTensors:
      return "compressed-tensors";
    case Format::kSynthetic:
      return "synthetic";
  }
  return "unknown";
}

const TensorEntry* Checkpoint::Find(std::string_view name) const {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const TensorEntry& entry) { return entry.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

const TensorEntry& Checkpoint::At(std::string_view name) const {
  if (const TensorEntry* entry = Find(name)) return *entry;
  std::string close;
  int shown = 0;
  for (const TensorEntry& entry : tensors) {
    if (entry.name.find(name) == std::string::npos || shown == 3) continue;
    close += fmt::format("{}'{}'", shown++ == 0 ? "; there is " : ", ", entry.name);
  }
  throw Error(ErrorCode::kNotFound,
              fmt::format("{}: no tensor '{}'{}", root.string(), name, close));
}

const SideFile* Checkpoint::FindSideFile(std::string_view name) const {
  const auto found = std::ranges::find(side_files, name, &SideFile::name);
  return found == side_files.end() ? nullptr : &*found;
}

std::string ReadSideFile(const SideFile& file) {
  if (file.make) return file.make();
  return file.path.empty() ? file.content : ReadSmallFile(file.path, kMaxReadSideFileBytes);
}

std::optional<std::string> ReadSideFile(const Checkpoint& checkpoint, std::string_view name) {
  const SideFile* file = checkpoint.FindSideFile(name);
  return file == nullptr ? std::nullopt : std::optional(ReadSideFile(*file));
}

nlohmann::json ReadSideJson(const Checkpoint& checkpoint, std::string_view name) {
  const std::optional<std::string> content = ReadSideFile(checkpoint, name);
  if (!content) return nullptr;
  return WithContext(SideFilePlace(checkpoint, name), [&] {
    nlohmann::json parsed = ParseJson(*content);
    if (!parsed.is_object()) throw Error(ErrorCode::kInvalidData, "want an object");
    return parsed;
  });
}

std::string SideFilePlace(const Checkpoint& checkpoint, std::string_view name) {
  return checkpoint.format == Format::kGguf ? checkpoint.root.string() + ": " + std::string(name)
                                            : (checkpoint.root / name).string();
}

SideFile ConfigFile(const nlohmann::json& config) { return {"config.json", {}, DumpJson(config)}; }

void SetConfig(Checkpoint& checkpoint, nlohmann::json config) {
  checkpoint.config = std::move(config);
  SideFile file = ConfigFile(checkpoint.config);
  const auto found = std::ranges::find(checkpoint.side_files, file.name, &SideFile::name);
  if (found == checkpoint.side_files.end()) {
    checkpoint.side_files.push_back(std::move(file));
  } else {
    *found = std::move(file);
  }
}

namespace {

// The .gguf file of a folder that holds one model and no safetensors, as GGUF repositories do: files of
// one set count as one, and projectors of images not at all.
std::optional<std::string> OnlyGgufIn(const Folder& folder) {
  std::vector<std::string> found;
  for (const std::string& name : folder.Names()) {
    if (name.ends_with(".safetensors")) return std::nullopt;
    if (!name.ends_with(".gguf") || name.starts_with("mmproj")) continue;
    const std::optional<GgufSplit> split = ParseGgufSplit(name);
    if (!split || split->number == 1) found.push_back(name);
  }
  if (found.size() > 1) {
    throw Error(ErrorCode::kInvalidArgument,
                folder.path().string() + ": holds " + std::to_string(found.size()) +
                    " .gguf models: give one of them, such as " + found[0]);
  }
  if (found.empty()) return std::nullopt;
  return found[0];
}

enum class FileKind : uint8_t { kSafetensors, kGguf, kOther };

// By the suffix, or by what the file begins with: files of a cache have no suffix.
FileKind KindOf(const File& file) {
  std::string extension = file.path().extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return std::tolower(c); });
  if (extension == ".safetensors") return FileKind::kSafetensors;
  if (extension == ".gguf") return FileKind::kGguf;
  std::array<std::byte, 9> start{};
  if (file.SizeBytes() < start.size()) return FileKind::kOther;
  file.ReadAt(0, start);
  if (std::memcmp(start.data(), "GGUF", 4) == 0) return FileKind::kGguf;
  // The length of a header, below 2^32, and its first brace.
  const bool is_length = std::all_of(start.begin() + 4, start.begin() + 8,
                                     [](std::byte byte) { return byte == std::byte{0}; });
  return is_length && start[8] == std::byte{'{'} ? FileKind::kSafetensors : FileKind::kOther;
}

}  // namespace

Checkpoint OpenCheckpoint(const fs::path& path) {
  std::error_code failure;
  const fs::file_status status = fs::status(path, failure);
  if (!fs::exists(status)) {
    throw Error(ErrorCode::kNotFound, path.string() + ": no such file or folder");
  }
  if (fs::is_directory(status)) return OpenCheckpoint(std::make_shared<const LocalFolder>(path));
  return OpenCheckpoint(File::OpenForRead(path));
}

Checkpoint OpenCheckpoint(const std::shared_ptr<const Folder>& folder) {
  const std::optional<std::string> gguf = OnlyGgufIn(*folder);
  return gguf ? OpenGguf(folder->Open(*gguf), folder.get()) : OpenSafetensorsFolder(folder);
}

Checkpoint OpenCheckpoint(File file) {
  switch (KindOf(file)) {
    case FileKind::kSafetensors:
      return OpenSafetensorsFile(std::move(file));
    case FileKind::kGguf:
      return OpenGguf(std::move(file));
    case FileKind::kOther:
      break;
  }
  throw Error(ErrorCode::kUnsupported,
              file.path().string() + ": want a folder, a .safetensors file or a .gguf file");
}

}  // namespace hlwq::checkpoint
