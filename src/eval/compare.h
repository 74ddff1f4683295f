// The error of every tensor between two checkpoints, whatever each is stored as.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/manifest.h"
#include "codec/backend.h"
#include "report/compare.h"
#include "report/pages/tensor_page.h"

namespace hlwq::eval {

struct CompareOptions {
  int threads = 0;  // 0: all cores
  // Patterns (base/glob.h): compared are names that some `include` matches (all when there is none)
  // and no `exclude` does.
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  ProgressCallback progress;  // bytes are those stored in the first checkpoint
};

// Streams both checkpoints once, in the order of the first, through buffers of a few MiB for each
// thread: memory does not grow with the tensors (a single row is held whole). Tensors are matched by
// name. What is wrong with one tensor (another shape, a damaged file) becomes a problem of the
// result. The result depends on the data alone, not on the number of threads. Throws
// Error{kInvalidArgument} for a malformed pattern.
report::CompareResult Compare(const checkpoint::Checkpoint& first,
                              const checkpoint::Checkpoint& second, const CompareOptions& options,
                              const codec::Backend& backend);

// Whether the second checkpoint can stand for the first: no tensor missing from it, no problem,
// nothing that differs bytewise, and no compared tensor below `min_snr_db` (where given). Tensors
// that only the second has are let pass.
bool MeetsBar(const report::CompareResult& result, std::optional<double> min_snr_db);

// Of the compared folders, where they have one.
struct CompareManifests {
  std::optional<checkpoint::Manifest> first;
  std::optional<checkpoint::Manifest> second;
};

// The input of the comparison's report page; borrows `result`. Decoded values tell nothing of codes,
// so code use and coordinates of the compared tensors are those that quantize recorded in the
// manifest: the second's, or the first's where the second has none.
report::TensorPageInput ComparePageInput(const checkpoint::Checkpoint& first,
                                         const checkpoint::Checkpoint& second,
                                         const report::CompareResult& result,
                                         const CompareManifests& manifests = {});

}  // namespace hlwq::eval
