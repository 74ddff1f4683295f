// From any checkpoint to one that vLLM and transformers load: integers with scales of groups, in the
// "pack-quantized" form of CompressedTensors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "codec/backend.h"
#include "convert/coded_job.h"
#include "convert/feedback_source.h"
#include "convert/job.h"

namespace hlwq::convert {

// Which basis the integers are taken in.
enum class ExportRotation : uint8_t {
  kNone,    // the weights as they are
  kOnline,  // the inputs of matrices are rotated by the engine, as transform_config says
  kFolded,  // the rotation is folded into the model (checkpoint::FoldRotation)
};

struct CompressedTensorsOptions {
  int bits = 4;                    // 4 or 8, what engines have kernels for
  uint32_t group_size = 128;       // the largest to use; int_groups.h
  std::string scale_rule = "mse";  // or "absmax"
  ExportRotation rotation = ExportRotation::kNone;
  std::vector<std::string> include, exclude;  // as RecipeOptions
  NonFinitePolicy non_finite = NonFinitePolicy::kError;
  // Of the model that PrepareForCompressedTensors makes; not with a rotation online.
  std::optional<Calibration> calibration;
  OutputOptions output;
};

// An export, ready to run.
struct CompressedTensorsExport {
  checkpoint::Checkpoint source;  // as it is exported: experts apart, rotated
  Job job;                        // borrows source
  std::vector<std::string> notes;
};

// Makes the checkpoint what is exported: experts apart, the rotation folded in where the options say so. The
// model stays the same. Throws as SplitFusedExperts and FoldRotation.
void PrepareForCompressedTensors(checkpoint::Checkpoint& source,
                                 const CompressedTensorsOptions& options,
                                 const codec::Backend& backend);

// What would be written, from headers (and the norms, where a rotation is folded). Codes the matrices
// that the published recipe names, scales in the weights' own type (F32: BF16); everything else is carried
// over. config.json gains quantization_config, README.md tells what was done. The result borrows
// `backend` and holds still: it is moved nowhere once made. Throws Error{kInvalidArgument} for options
// out of range, Error{kUnsupported} where there is no config.json or nothing can be coded, and as
// PrepareForCompressedTensors.
std::unique_ptr<CompressedTensorsExport> PlanCompressedTensors(
    checkpoint::Checkpoint source, const CompressedTensorsOptions& options,
    const codec::Backend& backend);

// The whole conversion. Memory is bounded whatever the model. Throws as RunJob and Error{kNonFinite}.
ConversionResult ExportCompressedTensors(checkpoint::Checkpoint source,
                                         const std::filesystem::path& destination,
                                         const CompressedTensorsOptions& options,
                                         const codec::Backend& backend);

}  // namespace hlwq::convert
