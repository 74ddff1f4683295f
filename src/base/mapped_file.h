// A file seen as memory.
#pragma once

#include <cstddef>
#include <span>

#include "base/file.h"
#include "base/mapping_faults.h"

namespace hlwq {

// The whole of a file, read-only, shared with the page cache. The File may be closed afterwards. A
// file that another process cuts shorter while it is mapped, or whose device fails, raises SIGBUS in
// a reader: check sizes against bytes().size() when opening, and is_damaged() when done
// (mapping_faults.h).
class MappedFile {
 public:
  MappedFile() = default;
  // Throws Error{kIo} naming the path. An empty file maps to no bytes.
  explicit MappedFile(const File& file);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  // Whether a page could not be read and was taken for zeros.
  bool is_damaged() const noexcept { return watch_.is_damaged(); }

 private:
  std::span<const std::byte> bytes_;
  WatchedMapping watch_;
};

}  // namespace hlwq
