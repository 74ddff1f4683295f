// A repository of the Hub into the cache of this machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/progress.h"
#include "hub/repository.h"
#include "hub/settings.h"

namespace hlwq::hub {

struct DownloadOptions {
  // Files whose path matches one of these globs (base/glob.h); empty: all.
  std::vector<std::string> include;
  int connections = 8;
  ProgressCallback progress;  // its tensors are files
};

struct DownloadResult {
  std::string commit;
  std::filesystem::path folder;  // the snapshot
  std::vector<FileInfo> files;
  uint64_t bytes = 0;           // of all files
  uint64_t received_bytes = 0;  // in this run
  uint64_t present_bytes = 0;   // found in the cache, those of unfinished files included
};

// Fetches what the cache does not hold: ranges of 4 MiB over several connections, written in order,
// so that blobs/<etag>.incomplete is always a beginning of the file that a later run, or a tool of
// the Hub, goes on from. Large files are checked against their SHA-256 before they get their name; the
// snapshot and the ref appear when all blobs are there. Memory: some 72 MiB. Throws Error as
// RangeReader::ReadAt and Repository::Ask, kInvalidData for a wrong hash (what was fetched is removed),
// kNotFound when no file matches, kAlreadyExists when another process fetches the same file, kIo for a
// disk that is full or will be.
DownloadResult Download(const HttpClient& client, const Repository& repository,
                        const Settings& settings, const DownloadOptions& options);

}  // namespace hlwq::hub
