// Checks a folder against its manifest: structure, sizes, and the checksum of every tensor.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/progress.h"

namespace hlwq::checkpoint {

struct VerifyProblem {
  std::string file;
  std::string tensor;  // empty where the file as a whole is meant
  std::string what;    // "checksum: want ..., got ..."
};

struct VerifyResult {
  std::vector<VerifyProblem> problems;  // in order of file and offset
  uint64_t tensors = 0;
  uint64_t files = 0;
  uint64_t bytes = 0;  // hashed

  bool ok() const noexcept { return problems.empty(); }
};

struct VerifyOptions {
  int threads = 0;  // 0: all cores
  ProgressCallback progress;
};

// Reads everything once, in parallel, through buffers of a few MiB. Throws Error{kNotFound} when
// the folder has no manifest, Error{kInvalidData} when a file cannot be parsed at all.
VerifyResult VerifyFolder(const std::filesystem::path& folder, const VerifyOptions& options);

}  // namespace hlwq::checkpoint
