// From checkpoint to checkpoint. Sources are whatever Checkpoint opens; destinations are folders, which
// appear whole by one rename. Memory is bounded by a few MiB for each thread, whatever the model. The
// bytes written depend on source and options alone, not on threads or the processor.
//
// All throw Error: kAlreadyExists where the destination is not free, kNonFinite naming tensor and
// position for weights that cannot be coded, kCancelled, and those of opening the source. The
// destination is untouched then.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hlwq/checkpoint.h"
#include "hlwq/progress.h"
#include "hlwq/tensors.h"

namespace hlwq {

struct OutputOptions {
  bool resume = false;     // go on with what an interrupted conversion left beside the destination
  bool overwrite = false;  // replace a folder that hlwq wrote, discard what was left unfinished
  uint64_t max_shard_bytes = 5'000'000'000;
  int threads = 0;  // 0: the cores of this process
  Control control = {};
};

struct ConversionResult {
  CheckpointInfo output;       // what was written, with the error of each tensor that was coded
  uint64_t read_bytes = 0;     // of the source, in this run
  uint64_t resumed_bytes = 0;  // of the source, found done
  uint64_t output_bytes = 0;   // of all files
  double seconds = 0;
  bool was_complete = false;       // `resume` found a finished folder
  std::vector<std::string> notes;  // of the source, and of the choices made
};

// Text that runs through the model, by which later columns of each matrix make good what earlier ones lose:
// at the same size about a third of the loss is left, of a mixture half, for minutes of work (docs/calibration.md).
struct Calibration {
  // "self": written by the model; else a file of text, a folder of such, or a .json of token ids as a
  // calibrated checkpoint has it beside its weights.
  std::string text = "self";
  std::uint64_t tokens = 32768;
  std::uint64_t seed = 1;  // of what the model writes
};

struct QuantizeOptions {
  // What is coded with how many bits: "balanced", "published", "uniform", "mixed", or the path of a
  // recipe file (docs/recipes.md).
  std::string recipe = "balanced";
  int bits = 5;                  // about as many a weight, where the recipe does not say otherwise
  std::string codec = "hlwq-t";  // 2 to 6 bits; or "hlwq", 1 to 8: more error, for published tools
  // Of hlwq-t, how long it searches: "fast", "default", "best".
  std::optional<std::string> effort;
  std::vector<std::string> include;  // globs of tensor names: code these as well, where possible
  std::vector<std::string> exclude;  // carry these over, whatever else applies
  // Override the recipe for the two; 0 carries them over.
  std::optional<int> embedding_bits;
  std::optional<int> lm_head_bits;
  bool keeps_non_finite = false;  // carry tensors over that hold NaN or infinity, rather than throw
  std::optional<Calibration> calibration;  // of a model that can be run
  OutputOptions output;
};

// Into polar_state, hlwq's own format. What the recipe does not name is carried over byte for byte.
ConversionResult Quantize(const std::filesystem::path& source,
                          const std::filesystem::path& destination,
                          const QuantizeOptions& options = {});

struct DequantizeOptions {
  std::optional<FloatType> type;  // of what is decoded; empty: that of its source, where recorded
  OutputOptions output;
};

// Into plain safetensors in the layout of transformers: the way back, and the way in from GGUF.
ConversionResult Dequantize(const std::filesystem::path& source,
                            const std::filesystem::path& destination,
                            const DequantizeOptions& options = {});

enum class GgufType : uint8_t { kF16, kBF16, kQ8_0 };

struct ExportGgufOptions {
  GgufType type = GgufType::kF16;  // of matrices
  OutputOptions output;            // max_shard_bytes does not count: there is one file
};

// Into a folder with one .gguf file that llama.cpp loads.
ConversionResult ExportGguf(const std::filesystem::path& source,
                            const std::filesystem::path& destination,
                            const ExportGgufOptions& options = {});

// Which basis integers are taken in.
enum class ExportRotation : uint8_t {
  kNone,    // the weights as they are
  kOnline,  // the engine rotates what matrices read, as transform_config of the output says
  kFolded,  // a rotation is folded into the model
};

struct CompressedTensorsOptions {
  int bits = 4;                    // or 8
  uint32_t group_size = 128;       // weights that share a scale: at most 128, 64 or 32
  std::string scale_rule = "mse";  // or "absmax"
  ExportRotation rotation = ExportRotation::kNone;
  std::vector<std::string> include, exclude;  // as of QuantizeOptions
  bool keeps_non_finite = false;
  OutputOptions output;
};

// Into the integers of CompressedTensors, which vLLM and transformers load.
ConversionResult ExportCompressedTensors(const std::filesystem::path& source,
                                         const std::filesystem::path& destination,
                                         const CompressedTensorsOptions& options = {});

}  // namespace hlwq
