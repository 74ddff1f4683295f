// hlwq_manifest.json: what a finished output folder holds, with a checksum of everything
// (docs/format.md, "Manifest").
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/tensor_report.h"

namespace hlwq::checkpoint {

inline constexpr const char* kManifestFileName = "hlwq_manifest.json";
inline constexpr int kManifestVersion = 1;

// A file of the folder. Shards are covered by their header's hash and their tensors' hashes, other
// files by one hash of their content.
struct ManifestFile {
  uint64_t bytes = 0;
  bool is_shard = false;
  uint64_t xxh3 = 0;  // of the header of a shard, of the whole of another file
};

// A file the output was made from. Its hash runs over 64-bit little-endian values: the XXH3 of its
// header, then the XXH3 of each tensor (or slice) that begins in it, in order of offset; so it can
// be had while tensors stream by in any order.
struct SourceFile {
  std::string name;
  uint64_t bytes = 0;
  uint64_t xxh3 = 0;
};

// The text by which errors were fed back between columns (docs/calibration.md), and how.
struct CalibrationRecord {
  std::string text;  // "self": written by the model; else the file it came from
  uint64_t tokens = 0;
  uint64_t xxh3 = 0;             // of the token ids, 32 bits each
  std::optional<uint64_t> seed;  // of a text that the model wrote
  double damping = 0;
  double propagation = 0;  // of errors of the layers before; 0: none

  bool operator==(const CalibrationRecord&) const = default;
  // "32,768 tokens that the model wrote (seed 1), xxh3 0123456789abcdef, damping 0.1, propagation 0.6"
  std::string Describe() const;
};

struct Manifest {
  std::string tool_version;
  std::string operation;   // "quantize", "dequantize", ...
  uint64_t plan_xxh3 = 0;  // of everything that determines the output's bytes
  std::optional<CalibrationRecord> calibration;
  std::vector<SourceFile> sources;
  std::map<std::string, ManifestFile> files;
  std::map<std::string, uint64_t> tensors;  // XXH3 of each stored tensor's bytes, by stored name
  std::vector<TensorReport> reports;
};

// The file's text. Its key manifest_xxh3 is the XXH3 of the whole text with the 16 digits of that
// value written as zeros, so that no byte of the manifest changes unnoticed either.
std::string SerializeManifest(const Manifest& manifest);
// Puts the right checksum into a manifest's text; false when it has no place for one.
bool SealManifestText(std::string& text);
// Throws Error{kInvalidData} naming the key, or saying that the text is not what was written.
Manifest ParseManifest(std::string_view text);

// Empty when the folder has none. Throws as ParseManifest, with the path.
std::optional<Manifest> ReadManifest(const std::filesystem::path& folder);

}  // namespace hlwq::checkpoint
