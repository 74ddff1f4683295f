#include "base/partial_file.h"

#include <system_error>
#include <utility>

#include "base/error.h"

namespace hlwq {
namespace {

void RemoveQuietly(const std::filesystem::path& path) noexcept {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
}

}  // namespace

PartialFile::PartialFile(std::filesystem::path path)
    : path_(std::move(path)), partial_path_(path_.string() + ".partial") {
  if (std::filesystem::is_directory(path_)) {
    throw Error(ErrorCode::kInvalidArgument,
                path_.string() + ": want a file to write, got a folder");
  }
  file_ = File::OpenForWrite(partial_path_);
  try {
    file_.Truncate(0);
  } catch (...) {
    RemoveQuietly(partial_path_);
    throw;
  }
}

PartialFile::~PartialFile() {
  if (!file_.is_open()) return;
  file_.Close();
  RemoveQuietly(partial_path_);
}

void PartialFile::Finish() {
  file_.Sync();
  std::error_code error;
  std::filesystem::rename(partial_path_, path_, error);
  if (error) {
    throw Error(ErrorCode::kIo, path_.string() + ": cannot rename to it: " + error.message());
  }
  file_.Close();
  SyncDirectory(std::filesystem::absolute(path_).parent_path());
}

}  // namespace hlwq
