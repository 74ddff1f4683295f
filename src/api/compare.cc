#include "hlwq/compare.h"

#include <algorithm>
#include <map>
#include <utility>

#include "api/control.h"
#include "api/describe.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/verify.h"
#include "eval/compare.h"
#include "kernels/cpu_backend.h"

namespace hlwq {

CompareResult Compare(const std::filesystem::path& first, const std::filesystem::path& second,
                      const CompareOptions& options) {
  const checkpoint::Checkpoint first_checkpoint = checkpoint::OpenCheckpoint(first);
  const checkpoint::Checkpoint second_checkpoint = checkpoint::OpenCheckpoint(second);
  report::CompareResult found = eval::Compare(first_checkpoint, second_checkpoint,
                                              {.threads = options.threads,
                                               .include = options.include,
                                               .exclude = options.exclude,
                                               .progress = api::ProgressFor(options.control)},
                                              kernels::CpuBackend());
  std::map<std::string, TensorInfo> tensors;
  for (TensorInfo& tensor : api::Describe(second_checkpoint).tensors) {
    tensors.emplace(tensor.name, std::move(tensor));
  }
  CompareResult result = {.total = api::Describe(found.total),
                          .only_in_first = std::move(found.only_in_first),
                          .only_in_second = std::move(found.only_in_second),
                          .notes = std::move(found.notes)};
  for (const checkpoint::TensorReport& report : found.tensors) {
    TensorInfo& tensor = result.tensors.emplace_back(std::move(tensors.at(report.name)));
    tensor.errors = api::Describe(*report.errors);
  }
  for (const report::ByteComparison& tensor : found.bytewise) {
    if (tensor.different_bytes != 0) result.different_bytes.push_back(tensor.name);
  }
  for (report::CompareProblem& problem : found.problems) {
    result.problems.push_back({std::move(problem.name), std::move(problem.what)});
  }
  return result;
}

bool CompareResult::Meets(double min_snr_db) const noexcept {
  // An all-zero tensor, whose SNR is NaN, is no worse than any bar.
  const auto is_below = [&](const TensorInfo& tensor) {
    return tensor.errors->SnrDb() < min_snr_db;
  };
  return only_in_first.empty() && problems.empty() && different_bytes.empty() &&
         std::ranges::none_of(tensors, is_below);
}

VerifyResult Verify(const std::filesystem::path& folder, const VerifyOptions& options) {
  checkpoint::VerifyResult found = checkpoint::VerifyFolder(
      folder, {.threads = options.threads, .progress = api::ProgressFor(options.control)});
  VerifyResult result = {.tensors = found.tensors, .files = found.files, .bytes = found.bytes};
  for (checkpoint::VerifyProblem& problem : found.problems) {
    result.problems.push_back(
        {std::move(problem.file), std::move(problem.tensor), std::move(problem.what)});
  }
  return result;
}

}  // namespace hlwq
