#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/hash.h"

namespace hlwq {
namespace {

[[noreturn]] void ThrowIo(const std::filesystem::path& path, std::string_view what, int number) {
  throw Error(ErrorCode::kIo,
              path.string() + ": " + std::string(what) + ": " + SystemReason(number));
}

struct stat Stat(int fd, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) ThrowIo(path, "cannot stat", errno);
  return status;
}

// What git leaves of a large file where git-lfs did not run.
void RefuseLfsPointer(const File& file) {
  constexpr std::string_view kStart = "version https://git-lfs.github.com/spec/";
  constexpr uint64_t kMostBytes = 1024;
  const uint64_t size = file.SizeBytes();
  if (size < kStart.size() || size > kMostBytes) return;
  std::array<char, kStart.size()> start;
  file.ReadAt(0, std::as_writable_bytes(std::span(start)));
  if (std::string_view(start.data(), start.size()) != kStart) return;
  throw Error(ErrorCode::kInvalidData, file.path().string() +
                                           ": a pointer of git-lfs in place of the file: git lfs "
                                           "pull fetches it");
}

}  // namespace

std::string SystemReason(int error_number) { return std::strerror(error_number); }

File::File(File&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      source_(std::move(other.source_)),
      path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
    source_ = std::move(other.source_);
    path_ = std::move(other.path_);
  }
  return *this;
}

File::~File() { Close(); }

void File::Close() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  source_.reset();
}

File File::OpenForRead(const std::filesystem::path& path) {
  // Non-blocking: a pipe would hold the open until somebody writes to it. Files do not care.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT) throw Error(ErrorCode::kNotFound, path.string() + ": no such file");
    ThrowIo(path, "cannot open", errno);
  }
  File file(fd, path);
  const mode_t mode = Stat(fd, path).st_mode;
  if (!S_ISREG(mode)) {
    throw Error(ErrorCode::kInvalidArgument, path.string() + ": want a file, got a " +
                                                 (S_ISDIR(mode)    ? "folder"
                                                  : S_ISFIFO(mode) ? "pipe"
                                                                   : "device or socket"));
  }
  RefuseLfsPointer(file);
  return file;
}

File File::OpenForWrite(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) ThrowIo(path, "cannot create", errno);
  return File(fd, path);
}

File File::OfSource(std::filesystem::path path, std::shared_ptr<const ByteSource> source) {
  File file(-1, std::move(path));
  file.source_ = std::move(source);
  return file;
}

int File::LocalFd(std::string_view refusal) const {
  if (source_ == nullptr) return fd_;
  throw Error(ErrorCode::kUnsupported, path_.string() + ": " + std::string(refusal) +
                                           ": want a file of this machine, got one elsewhere");
}

File File::ReopenDirect() const {
  if (is_remote()) return File();
  const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_DIRECT;
  // By its number first: the path may name another file by now.
  int fd = ::open(("/proc/self/fd/" + std::to_string(fd_)).c_str(), flags);
  if (fd < 0 && errno == ENOENT) fd = ::open(path_.c_str(), flags);
  if (fd < 0) return File();
  File file(fd, path_);
  const struct stat here = Stat(fd_, path_), there = Stat(fd, path_);
  if (here.st_dev != there.st_dev || here.st_ino != there.st_ino) {
    throw Error(ErrorCode::kSourceChanged, path_.string() + ": another file took its place");
  }
  // Some file systems refuse the reads rather than the open.
  alignas(kDirectAlignment) std::byte probe[kDirectAlignment];
  if (::pread(fd, probe, sizeof probe, 0) < 0 && errno == EINVAL) return File();
  return file;
}

uint64_t File::SizeBytes() const {
  if (is_remote()) return source_->SizeBytes();
  return static_cast<uint64_t>(Stat(fd_, path_).st_size);
}

FileIdentity File::Identity() const {
  if (is_remote()) {
    return {.inode = Xxh3(std::as_bytes(std::span(source_->version()))),
            .size_bytes = source_->SizeBytes()};
  }
  const struct stat status = Stat(fd_, path_);
  const auto ns = [](const timespec& t) { return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; };
  return {static_cast<uint64_t>(status.st_dev), static_cast<uint64_t>(status.st_ino),
          static_cast<uint64_t>(status.st_size), ns(status.st_mtim), ns(status.st_ctim)};
}

size_t File::ReadSomeAt(uint64_t offset, std::span<std::byte> out) const {
  if (is_remote()) {
    const uint64_t size = source_->SizeBytes();
    const uint64_t bytes = offset < size ? std::min<uint64_t>(out.size(), size - offset) : 0;
    if (bytes > 0) source_->ReadAt(offset, out.first(bytes));
    return bytes;
  }
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t n =
        ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n < 0) {
      if (errno == EINTR) continue;
      ThrowIo(path_, "cannot read", errno);
    }
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

void File::ReadAt(uint64_t offset, std::span<std::byte> out) const {
  const size_t done = ReadSomeAt(offset, out);
  if (done != out.size()) {
    throw Error(ErrorCode::kIo, path_.string() + ": file ends early: want " +
                                    std::to_string(out.size()) + " bytes at offset " +
                                    std::to_string(offset) + ", got " + std::to_string(done));
  }
}

void File::WriteAt(uint64_t offset, std::span<const std::byte> data) const {
  const int fd = LocalFd("cannot be written");
  size_t done = 0;
  while (done < data.size()) {
    const ssize_t n =
        ::pwrite(fd, data.data() + done, data.size() - done, static_cast<off_t>(offset + done));
    if (n < 0) {
      if (errno == EINTR) continue;
      ThrowIo(path_, "cannot write", errno);
    }
    done += static_cast<size_t>(n);
  }
}

void File::Append(std::span<const std::byte> data) const { WriteAt(SizeBytes(), data); }

void File::Truncate(uint64_t size_bytes) const {
  const int fd = LocalFd("cannot be resized");
  if (::ftruncate(fd, static_cast<off_t>(size_bytes)) != 0) ThrowIo(path_, "cannot resize", errno);
}

void File::Allocate(uint64_t size_bytes) const {
  Truncate(size_bytes);
  if (size_bytes == 0) return;
  if (::fallocate(fd_, 0, 0, static_cast<off_t>(size_bytes)) != 0 && errno != EOPNOTSUPP &&
      errno != ENOSYS) {
    ThrowIo(path_, "cannot reserve " + std::to_string(size_bytes) + " bytes", errno);
  }
}

void File::PrefetchHint(uint64_t offset, uint64_t length) const noexcept {
  if (length == 0) return;  // the system call would take it for "to the end"
  if (is_remote()) {
    const uint64_t size = source_->SizeBytes();
    if (offset < size) source_->PrefetchHint(offset, std::min(length, size - offset));
    return;
  }
  (void)::posix_fadvise(fd_, static_cast<off_t>(offset), static_cast<off_t>(length),
                        POSIX_FADV_WILLNEED);
}

void File::StartWriteback(uint64_t offset, uint64_t length) const noexcept {
  if (length == 0 || is_remote()) return;
  (void)::sync_file_range(fd_, static_cast<off_t>(offset), static_cast<off_t>(length),
                          SYNC_FILE_RANGE_WRITE);
}

void File::Sync() const {
  if (::fdatasync(LocalFd("cannot be synced")) != 0) ThrowIo(path_, "cannot sync", errno);
}

bool File::TryLock() const {
  if (::flock(LocalFd("cannot be locked"), LOCK_EX | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  ThrowIo(path_, "cannot lock", errno);
}

std::string ReadSmallFile(const std::filesystem::path& path, uint64_t max_bytes) {
  return ReadSmallFile(File::OpenForRead(path), max_bytes);
}

std::string ReadSmallFile(const File& file, uint64_t max_bytes) {
  const uint64_t size = file.SizeBytes();
  if (size > max_bytes) {
    throw Error(ErrorCode::kInvalidData, file.path().string() + ": want at most " +
                                             std::to_string(max_bytes) + " bytes, got " +
                                             std::to_string(size));
  }
  std::string content(size, '\0');
  file.ReadAt(0, std::as_writable_bytes(std::span(content)));
  return content;
}

void WriteFileAtomically(const std::filesystem::path& path, std::string_view content) {
  const std::filesystem::path temporary = path.string() + ".tmp." + std::to_string(::getpid());
  try {
    const File file = File::OpenForWrite(temporary);
    file.Truncate(0);
    file.WriteAt(0, std::as_bytes(std::span(content)));
    file.Sync();
    std::error_code failure;
    std::filesystem::rename(temporary, path, failure);
    if (failure) ThrowIo(path, "cannot rename into place", failure.value());
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

void SyncDirectory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) ThrowIo(directory, "cannot open", errno);
  const int result = ::fsync(fd);
  const int number = errno;
  ::close(fd);
  if (result != 0) ThrowIo(directory, "cannot sync", number);
}

}  // namespace hlwq
