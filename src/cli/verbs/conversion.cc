#include "cli/verbs/conversion.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/number_text.h"
#include "checkpoint/tensor_report.h"
#include "cli/output.h"
#include "convert/staging.h"
#include "kernels/cpu_backend.h"

namespace hlwq::cli {

const codec::Backend& DefaultBackend() { return kernels::CpuBackend(); }

int ThreadsOf(const Arguments& arguments) {
  return static_cast<int>(arguments.Integer(flag::kThreads));
}

convert::DestinationOptions DestinationOptionsOf(const Arguments& arguments) {
  return {.resume = arguments.Switch(flag::kResume),
          .overwrite = arguments.Switch(flag::kOverwrite)};
}

convert::OutputOptions OutputOptionsOf(const Arguments& arguments, ProgressPrinter& progress) {
  convert::OutputOptions options;
  options.destination = DestinationOptionsOf(arguments);
  options.max_shard_bytes = arguments.Bytes(flag::kMaxShardSize);
  options.threads = ThreadsOf(arguments);
  options.progress = progress.Callback();
  return options;
}

convert::NonFinitePolicy NonFinitePolicyOf(const Arguments& arguments) {
  return arguments.Text(flag::kNonfinite) == "keep" ? convert::NonFinitePolicy::kKeep
                                                    : convert::NonFinitePolicy::kError;
}

void CheckDestination(const std::filesystem::path& destination,
                      const checkpoint::Checkpoint& source,
                      const convert::DestinationOptions& options) {
  convert::Staging staging(destination, source, options);
  if (!options.resume) staging.RequireFreeDestination();
}

nlohmann::json ReadConfig(const std::filesystem::path& path) {
  return ReadJsonFile(std::filesystem::is_directory(path) ? path / "config.json" : path);
}

convert::JobResult PlannedResult(convert::Job& job) {
  convert::JobResult planned;
  planned.manifest.operation = job.operation;
  planned.manifest.reports = std::move(job.reports);
  for (const convert::OutputTensor& tensor : job.outputs) planned.output_bytes += tensor.bytes;
  return planned;
}

nlohmann::json JobToJson(const convert::JobResult& result, const std::filesystem::path& destination,
                         const std::vector<std::string>& notes) {
  nlohmann::json tensors = nlohmann::json::array();
  for (const checkpoint::TensorReport& report : result.manifest.reports) {
    tensors.push_back(checkpoint::ReportToJson(report));
  }
  return {{"operation", result.manifest.operation}, {"destination", destination.string()},
          {"source_bytes", result.source_bytes},    {"resumed_bytes", result.resumed_bytes},
          {"output_bytes", result.output_bytes},    {"seconds", result.seconds},
          {"was_complete", result.was_complete},    {"notes", notes},
          {"tensors", std::move(tensors)}};
}

std::string RenderJob(const convert::JobResult& result, const std::filesystem::path& destination) {
  if (result.was_complete) {
    return fmt::format("{} was complete already\n", destination.string());
  }
  // What synth makes is read from nowhere; then the output tells the speed.
  const bool is_read = result.source_bytes > 0 || result.resumed_bytes > 0;
  const uint64_t bytes = is_read ? result.source_bytes : result.output_bytes;
  const double rate = result.seconds > 0 ? static_cast<double>(bytes) / 1e9 / result.seconds : 0;
  std::string text = is_read ? fmt::format("{} read, ", FormatBytes(result.source_bytes)) : "";
  if (result.resumed_bytes > 0) {
    text += fmt::format("{} done by an earlier run, ", FormatBytes(result.resumed_bytes));
  }
  return text + fmt::format("{} written to {} in {} ({:.2f} GB/s)\n",
                            FormatBytes(result.output_bytes), destination.string(),
                            FormatDuration(result.seconds), rate);
}

void PrintConversion(const Arguments& arguments, const convert::ConversionResult& result,
                     const std::filesystem::path& destination, std::string_view summary) {
  for (const std::string& note : result.notes) PrintNote(arguments, note);
  if (arguments.json()) {
    PrintJson(JobToJson(result.job, destination, result.notes));
  } else {
    PrintSummary(arguments, summary);
  }
}

}  // namespace hlwq::cli
