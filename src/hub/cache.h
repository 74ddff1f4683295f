// The layout in which the Hub's own tools keep what they downloaded, so that they and hlwq find it:
//
//   <cache>/models--ORG--NAME/refs/<revision>              holds the commit
//                             snapshots/<commit>/<path>    a relative link to ../../blobs/<etag>
//                             blobs/<etag>                 the content
//                             blobs/<etag>.incomplete      its beginning
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hub/reference.h"

namespace hlwq::hub {

// One repository in the cache. Nothing is created before it is needed.
class CachedRepository {
 public:
  CachedRepository(const std::filesystem::path& cache, const std::string& repository);

  const std::filesystem::path& folder() const noexcept { return folder_; }
  std::filesystem::path BlobPath(const std::string& etag) const { return folder_ / "blobs" / etag; }
  std::filesystem::path SnapshotFolder(const std::string& commit) const {
    return folder_ / "snapshots" / commit;
  }

  // The commit that a revision named when it was downloaded; a commit is its own name.
  std::optional<std::string> FindCommit(const std::string& revision) const;
  // Whether nothing that a checkpoint needs is missing there: config.json and the shards that its
  // index names, else any .safetensors file, or a .gguf file; behind every link a file. No network is
  // asked.
  bool IsWhole(const std::string& commit) const;

  struct Link {
    std::string path;  // in the snapshot
    std::string etag;
  };
  // Makes the snapshot appear with these files at once, or adds them where it is there already; then
  // writes the ref. The blobs are there. Throws Error{kIo}.
  void Publish(const std::string& commit, const std::string& revision,
               const std::vector<Link>& links) const;

 private:
  std::filesystem::path folder_;
};

// Where the snapshot of a reference is when it is whole (IsWhole), or the file of it that the
// reference names; empty: not in the cache.
std::optional<std::filesystem::path> FindInCache(const std::filesystem::path& cache,
                                                 const Reference& reference);

}  // namespace hlwq::hub
