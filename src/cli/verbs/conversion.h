// What the verbs that write a checkpoint have in common.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "cli/arguments.h"
#include "cli/progress.h"
#include "codec/backend.h"
#include "convert/coded_job.h"
#include "convert/job.h"

namespace hlwq::cli {

// The implementation that the verbs compute with.
const codec::Backend& DefaultBackend();

// --threads; 0, which is all processors, where it was not given.
int ThreadsOf(const Arguments& arguments);

// --overwrite, and --resume where the verb has it.
convert::DestinationOptions DestinationOptionsOf(const Arguments& arguments);

// The same with --max-shard-size, --threads. Borrows `progress`.
convert::OutputOptions OutputOptionsOf(const Arguments& arguments, ProgressPrinter& progress);

// A config.json, given itself or as the folder it is in. Throws as ReadJsonFile.
nlohmann::json ReadConfig(const std::filesystem::path& path);

// --nonfinite.
convert::NonFinitePolicy NonFinitePolicyOf(const Arguments& arguments);

// What a dry run finds out about DST. Throws where the job could not begin.
void CheckDestination(const std::filesystem::path& destination,
                      const checkpoint::Checkpoint& source,
                      const convert::DestinationOptions& options);

// What a job that did not run would give: its reports and the size of its tensors. Takes the reports.
convert::JobResult PlannedResult(convert::Job& job);

// The result as JSON: sizes, time, and the record of every tensor.
nlohmann::json JobToJson(const convert::JobResult& result, const std::filesystem::path& destination,
                         const std::vector<std::string>& notes);

// Sizes and speed in a line: what was read and what was written.
std::string RenderJob(const convert::JobResult& result, const std::filesystem::path& destination);

// The end of every conversion: its notes, and the result as JSON or, without --json, `summary`.
void PrintConversion(const Arguments& arguments, const convert::ConversionResult& result,
                     const std::filesystem::path& destination, std::string_view summary);

}  // namespace hlwq::cli
