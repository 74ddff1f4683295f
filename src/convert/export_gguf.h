// From any checkpoint to a GGUF file that llama.cpp loads (docs/gguf.md, "Writing").
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "codec/backend.h"
#include "codec/ggml_blocks.h"
#include "convert/job.h"

namespace hlwq::convert {

struct ExportGgufOptions {
  codec::GgmlType type = codec::GgmlType::kF16;  // of matrices: F16, BF16 or Q8_0
  OutputOptions output;  // max_shard_bytes does not count: there is one file
};

// An export, ready to run; nothing but headers was read.
struct GgufExport {
  checkpoint::Checkpoint source;  // experts apart
  Job job;                        // borrows source
  std::string file_name;          // in the destination: "SmolLM2-135M-F16.gguf"
  std::vector<std::string> notes;
};

// Plans DST/<name>-<TYPE>.gguf; <name> is the last part of the source's path, or of DST where the
// source has none. Vectors and routers are F32; of Q8_0, rows that blocks of 32 do not divide are F16.
// The result borrows `backend` and is moved nowhere. Throws Error{kInvalidArgument} for a destination
// that ends in .gguf, as MakeModelMetadata and AddTokenizerMetadata for what llama.cpp does not have,
// Error{kInvalidData} for a tensor that is missing or of another shape, Error{kUnsupported} for one
// that the architecture does not have or where there is no config.json.
std::unique_ptr<GgufExport> PlanGguf(checkpoint::Checkpoint source,
                                     const std::filesystem::path& destination,
                                     const ExportGgufOptions& options,
                                     const codec::Backend& backend);

// Throws as PlanGguf and RunJob. Memory is bounded whatever the model.
ConversionResult ExportGguf(checkpoint::Checkpoint source, const std::filesystem::path& destination,
                            const ExportGgufOptions& options, const codec::Backend& backend);

}  // namespace hlwq::convert
