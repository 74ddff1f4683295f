// One file of the cache on its way: "<etag>.incomplete" until all of it is there and checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>

#include "base/file.h"
#include "hub/repository.h"
#include "hub/sha256.h"

namespace hlwq::hub {

// Holds a lock while it lives. What was written stays for a later run unless it proves wrong.
class BlobFile {
 public:
  // `blob` is the final path. Takes over what an earlier run left (and reads it, for the hash).
  // Throws Error{kAlreadyExists} when another process is fetching it, kIo.
  BlobFile(std::filesystem::path blob, const FileInfo& info);

  uint64_t size_bytes() const noexcept { return done_; }  // so far
  void Append(std::span<const std::byte> data);
  // Checks and names it. Throws Error{kInvalidData} with both hashes, having removed the file.
  void Finish();

 private:
  std::filesystem::path blob_, incomplete_;
  const FileInfo& info_;
  File file_;
  std::optional<Sha256> hash_;  // of files that are named by it
  uint64_t done_ = 0;
};

}  // namespace hlwq::hub
