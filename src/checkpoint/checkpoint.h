// A checkpoint of any format that hlwq reads, seen as transformers would see it: named tensors with
// shapes, whatever they are stored as. Nothing is read but headers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/file.h"
#include "base/folder.h"
#include "codec/codec.h"
#include "codec/ggml_blocks.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace hlwq::checkpoint {

// A stretch of one of the checkpoint's files.
struct FileRange {
  size_t file = 0;  // index into Checkpoint::files
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

// Stored as it is: row-major elements of the entry's dtype.
struct PlainStorage {
  FileRange range;
};

// Stored as codes: one matrix for a 2-D tensor, one for each slice of a fused [E, out, in] tensor.
struct CodedSlice {
  std::vector<FileRange> row_parts;  // in the order of the codec's row parts
};
struct CodedStorage {
  codec::CodecSpec spec;
  MatrixShape matrix;  // of one slice
  std::vector<CodedSlice> slices;
  // Norms of F32 instead of F16 in some published files.
  DType norm_dtype = DType::kF16;
};

// Stored as ggml blocks (GGUF). `row_map` is empty, or says which stored row holds row r; for a
// vector (1-D, a type with one weight a block) it says which stored element holds element r.
struct GgmlStorage {
  FileRange range;
  codec::GgmlType type = codec::GgmlType::kF32;
  std::vector<uint64_t> row_map;
};

// Stored as small floats times scales: FP8, NVFP4 and MXFP4 checkpoints. Slices of a fused tensor follow
// one another, each with its own values and scales.
struct ScaledStorage {
  FileRange values;  // [out, in] of `type`; two of F4 in a byte, the first in the low bits
  DType type = DType::kF8E4M3;
  FileRange scales;  // [out / scale_rows, in / scale_columns] rounded up; 0 bytes: none
  DType scale_type = DType::kF32;
  uint64_t scale_rows = 1, scale_columns = 1;  // weights that share a scale
  float factor = 1, divisor = 1;               // of all weights
  MatrixShape matrix;                          // of one slice, as it is stored
  bool is_transposed = false;                  // the tensor's slices are [in, out]
};

// Stored nowhere: random values made on demand (open_synthetic.h). Element (row, column) of the
// tensor seen as rows is mean + deviation * NearNormal(seed, row * in + column).
struct SyntheticStorage {
  uint64_t seed = 0;
  float mean = 0;
  float deviation = 0;
};

struct TensorEntry;
class RowChange;

// Stored nowhere: made from the rows of another tensor of the same files when they are read
// (views/row_change.h). Row r is row first_row + r of the origin seen as rows, changed. Either the
// rows lie in one slice of the origin, or first_row is a multiple of its slices' rows.
struct DerivedStorage {
  // Shared with the other tensors that the same origin is taken apart into; never null.
  std::shared_ptr<const TensorEntry> origin;
  uint64_t first_row = 0;
  std::shared_ptr<const RowChange> change;  // shared as well; null: rows as they are
};

using Storage = std::variant<PlainStorage, CodedStorage, GgmlStorage, ScaledStorage,
                             SyntheticStorage, DerivedStorage>;

struct TensorEntry {
  std::string name;  // "model.layers.0.self_attn.q_proj.weight"
  DType dtype =
      DType::kBF16;  // of the plain tensor; for coded ones that of the source where recorded
  Shape shape;
  Storage storage;

  uint64_t elements() const { return *ElementCount(shape); }
  // The tensor as rows: [product of all axes but the last, last axis]; scalars are [1, 1].
  MatrixShape AsMatrix() const;
};

enum class Format {
  kSafetensors,
  kPolarState,
  kPolarLegacy,
  kGguf,
  kCompressedTensors,
  kSynthetic
};
std::string_view FormatName(Format format) noexcept;

// A recipe that was made for one model; it stays with what was made by it.
inline constexpr const char* kRecipeFileName = "hlwq_recipe.json";
// The text that weights were calibrated with, and how (docs/calibration.md).
inline constexpr const char* kCalibrationFileName = "hlwq_calibration.json";

// A small file that belongs to the model (config.json, tokenizer, template): found, or made (GGUF).
struct SideFile {
  std::string name;
  std::filesystem::path path = {};  // of one that was found
  std::string content = {};         // of one that was made
  // Makes the content when it is asked for, or fetches it from elsewhere. Thread: safe.
  std::function<std::string()> make = {};
};

inline constexpr uint64_t kMaxReadSideFileBytes = 256u << 20;

// Its content, wherever it is. Throws as ReadSmallFile, above kMaxReadSideFileBytes, and as `make`.
std::string ReadSideFile(const SideFile& file);

// config.json with this content.
SideFile ConfigFile(const nlohmann::json& config);

struct Checkpoint {
  Format format = Format::kSafetensors;
  std::filesystem::path root;  // the folder or file given
  std::vector<File> files;     // open; FileRange::file indexes them
  std::vector<uint64_t>
      header_hashes;                 // XXH3 of each file's header; of the seed where there is none
  std::vector<TensorEntry> tensors;  // in the order they are stored
  nlohmann::json config;             // config.json, null when there is none
  nlohmann::json polar_config;       // polar_config.json, null when there is none
  std::vector<SideFile> side_files;
  std::vector<std::string> notes;  // what a reader should know: names taken as ..., table assumed

  // Whether its files are read from elsewhere: then it can be converted, not run.
  bool is_remote() const noexcept { return !files.empty() && files.front().is_remote(); }
  const TensorEntry* Find(std::string_view name) const;       // nullptr when absent; linear
  const SideFile* FindSideFile(std::string_view name) const;  // the same
  // Throws Error{kNotFound} when there is no tensor of that name, naming close ones.
  const TensorEntry& At(std::string_view name) const;
};

// The content of the side file called `name`; empty when the checkpoint has none.
std::optional<std::string> ReadSideFile(const Checkpoint& checkpoint, std::string_view name);
// The same parsed; null when there is none. Throws Error{kInvalidData} naming the file unless it is
// an object.
nlohmann::json ReadSideJson(const Checkpoint& checkpoint, std::string_view name);
// Where a side file is, or would be, for messages: "model/config.json", "model.gguf: config.json".
std::string SideFilePlace(const Checkpoint& checkpoint, std::string_view name);

// Gives the checkpoint another config.json, as parsed and as a file.
void SetConfig(Checkpoint& checkpoint, nlohmann::json config);

// Opens a folder, a .safetensors file or a .gguf file; a folder without safetensors that holds one
// .gguf file is that file. Throws Error with the file, the tensor, what
// was expected and what was found; a layout that fits two readings is refused, naming both.
Checkpoint OpenCheckpoint(const std::filesystem::path& path);
// The same for a folder that need not be on this machine; its files are read from where they are, as
// they are asked for. The checkpoint keeps the folder.
Checkpoint OpenCheckpoint(const std::shared_ptr<const Folder>& folder);
Checkpoint OpenCheckpoint(File file);

}  // namespace hlwq::checkpoint
