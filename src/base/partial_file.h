// A file that has its name only when it is whole.
#pragma once

#include <filesystem>

#include "base/file.h"

namespace hlwq {

// Written as "<PATH>.partial", which is removed with the object unless it was finished.
class PartialFile {
 public:
  // Begins it, empty. Throws Error{kInvalidArgument} where `path` is a folder, Error{kIo} where it
  // cannot be written, Error{kAlreadyExists} while another one, of any process, writes the same.
  explicit PartialFile(std::filesystem::path path);
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  ~PartialFile();

  const File& file() const noexcept { return file_; }
  // Makes it durable and gives it its name, replacing what had it. Throws Error{kIo}.
  void Finish();

 private:
  std::filesystem::path path_, partial_path_;
  File file_;  // locked; closed when finished

  void Open();
};

}  // namespace hlwq
