#include "base/partial_file.h"

#include <sys/stat.h>

#include <cstdint>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace hlwq {
namespace {

void RemoveQuietly(const std::filesystem::path& path) noexcept {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
}

// Some file systems have no locks.
bool LockIfPossible(const File& file) {
  try {
    return file.TryLock();
  } catch (const Error&) {
    return true;
  }
}

// Whether the path is that of the open file.
bool Names(const std::filesystem::path& path, const File& file) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  const FileIdentity identity = file.Identity();
  return identity.device == static_cast<uint64_t>(status.st_dev) &&
         identity.inode == static_cast<uint64_t>(status.st_ino);
}

}  // namespace

PartialFile::PartialFile(std::filesystem::path path)
    : path_(std::move(path)), partial_path_(path_.string() + ".partial") {
  if (std::filesystem::is_directory(path_)) {
    throw Error(ErrorCode::kInvalidArgument,
                path_.string() + ": want a file to write, got a folder");
  }
  Open();
  try {
    file_.Truncate(0);
  } catch (...) {
    RemoveQuietly(partial_path_);
    throw;
  }
}

// Who finishes between our opening and our locking leaves us its file, by now under its name: then again.
void PartialFile::Open() {
  constexpr int kMostTries = 100;
  for (int tries = 1;; ++tries) {
    File file = File::OpenForWrite(partial_path_);
    if (!LockIfPossible(file)) {
      throw Error(ErrorCode::kAlreadyExists,
                  partial_path_.string() + ": another process is writing it");
    }
    if (Names(partial_path_, file) || tries == kMostTries) {
      file_ = std::move(file);
      return;
    }
  }
}

PartialFile::~PartialFile() {
  if (!file_.is_open()) return;
  RemoveQuietly(partial_path_);  // while it is locked: later it may be another's
  file_.Close();
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
