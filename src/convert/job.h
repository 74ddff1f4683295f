// A whole conversion: from a source and a list of tasks to a finished folder, with resume,
// checksums and a manifest. Quantize, dequantize, import and synth differ only in the tasks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/manifest.h"
#include "checkpoint/tensor_report.h"
#include "convert/output_layout.h"
#include "convert/staging.h"
#include "convert/task.h"

namespace hlwq::convert {

inline constexpr uint64_t kDefaultMaxShardBytes = 5'000'000'000;

// What every verb that writes a folder takes.
struct OutputOptions {
  DestinationOptions destination;
  uint64_t max_shard_bytes = kDefaultMaxShardBytes;
  int threads = 0;  // 0: all cores
  ProgressCallback progress;
};

// A conversion, ready to run. Everything in it is derived from headers; no weight was read.
struct Job {
  std::string operation;  // "quantize"
  std::string options;    // the choices that shape the output, in words
  std::optional<checkpoint::CalibrationRecord> calibration;
  std::vector<OutputTensor> outputs;
  // Where they go; empty: into safetensors shards of OutputOptions::max_shard_bytes.
  std::optional<OutputLayout> layout;
  std::vector<std::unique_ptr<Task>> tasks;
  std::vector<checkpoint::TensorReport> reports;  // Task::report indexes them
  std::vector<checkpoint::SideFile> side_files;   // config.json, tokenizer, template, ...
  // The name of one that is written before the first weight, for who resumes; may be empty.
  std::string first_side_file;
  // Called when all tensors are written, for files that tell how they were made (polar_config.json,
  // from the hashes of the sources); may be empty.
  std::function<std::vector<checkpoint::SideFile>(const checkpoint::Manifest&)> describe;
};

struct JobResult {
  checkpoint::Manifest manifest;
  uint64_t source_bytes = 0;   // read in this run
  uint64_t resumed_bytes = 0;  // found done
  uint64_t output_bytes = 0;
  double seconds = 0;         // of this run
  bool was_complete = false;  // resume of a folder that was finished already
};

// What a conversion gives its caller.
struct ConversionResult {
  JobResult job;
  std::vector<std::string> notes;  // of the source, of the catalog, of the choices made
};

// Runs the job into `destination`. Throws Error; on any error DST is untouched, and what is done so
// far waits in DST.partial for a resume where one can get further (not after Error{kNonFinite}). The bytes written depend on the job alone: not on threads,
// the processor, or how often it was interrupted.
JobResult RunJob(Job job, const checkpoint::Checkpoint& source,
                 const std::filesystem::path& destination, const OutputOptions& options);

}  // namespace hlwq::convert
