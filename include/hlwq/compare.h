// What was lost, and whether what was written is still what it was.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hlwq/progress.h"
#include "hlwq/tensors.h"

namespace hlwq {

struct CompareOptions {
  int threads = 0;  // 0: the cores of this process
  // Globs of tensor names: compared is what some `include` matches (everything where there is none)
  // and no `exclude` does.
  std::vector<std::string> include, exclude;
  Control control = {};
};

struct TensorProblem {
  std::string tensor;
  std::string what;  // "shape: [2, 3] in the first, [3, 2] in the second"
};

struct CompareResult {
  std::vector<TensorInfo> tensors;  // of the second, with errors; the worst first
  WeightErrors total;
  std::vector<std::string> different_bytes;  // tensors that are no weights and differ
  std::vector<std::string> only_in_first;
  std::vector<std::string> only_in_second;
  std::vector<TensorProblem> problems;  // tensors that could not be compared
  std::vector<std::string> notes;

  // Whether the second can stand for the first: nothing is missing from it, could not be compared or
  // differs bytewise, and no tensor is below `min_snr_db`.
  bool Meets(double min_snr_db) const noexcept;
};

// The error of every tensor of `first` in `second`, checkpoints of any format. Streams both once;
// memory does not grow with the model. Throws Error as opening does, and Error{kCancelled}.
[[nodiscard]] CompareResult Compare(const std::filesystem::path& first,
                                    const std::filesystem::path& second,
                                    const CompareOptions& options = {});

struct VerifyOptions {
  int threads = 0;
  Control control = {};
};

struct FileProblem {
  std::string file;
  std::string tensor;  // empty where the file as a whole is meant
  std::string what;    // "checksum: want ..., got ..."
};

struct VerifyResult {
  std::vector<FileProblem> problems;  // in order of file and offset
  uint64_t tensors = 0;
  uint64_t files = 0;
  uint64_t bytes = 0;  // hashed

  bool ok() const noexcept { return problems.empty(); }
};

// Every byte of a folder that hlwq wrote against its manifest. Reads everything once. Throws
// Error{kNotFound} where there is no manifest, Error{kCancelled}.
[[nodiscard]] VerifyResult Verify(const std::filesystem::path& folder,
                                  const VerifyOptions& options = {});

}  // namespace hlwq
