// A file seen as memory.
#pragma once

#include <cstddef>
#include <span>

#include "base/file.h"

namespace hlwq {

// The whole of a file, read-only, shared with the page cache. The File may be closed afterwards. A
// file that another process cuts shorter while it is mapped kills a reader by SIGBUS: check sizes
// against bytes().size() when opening.
class MappedFile {
 public:
  MappedFile() = default;
  // Throws Error{kIo} naming the path. An empty file maps to no bytes.
  explicit MappedFile(const File& file);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace hlwq
