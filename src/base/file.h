// Owned file descriptors and the whole-buffer reads and writes on them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_source.h"

namespace hlwq {

// What tells two states of a file apart without reading it.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size_bytes = 0;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;

  bool operator==(const FileIdentity&) const = default;
};

// Satisfies every device and file system met so far; the system asks for 512 or 4096.
inline constexpr size_t kDirectAlignment = 4096;

// An open file. Moves, closes itself. Offsets are absolute: no shared position, so concurrent calls
// on one File are safe. Every failure throws Error{kIo} with the path and the system's reason.
class File {
 public:
  File() = default;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  // Throws Error{kNotFound} when the file is absent, Error{kInvalidArgument} when it is a folder, a
  // pipe or a device: sizes and offsets mean nothing there, and a pipe would block. Throws
  // Error{kInvalidData} for a pointer of git-lfs.
  static File OpenForRead(const std::filesystem::path& path);
  // Creates or keeps the file, readable and writable; its content is not truncated.
  static File OpenForWrite(const std::filesystem::path& path);
  // Reads from `source`, shared with whoever else reads from it; `path` is its name in messages.
  // Only sizes, identities, hints and reads are to be had: whatever else needs a file of this machine
  // throws Error{kUnsupported}.
  static File OfSource(std::filesystem::path path, std::shared_ptr<const ByteSource> source);

  // The same file once more, for reads past the page cache: offsets, sizes and memory must be
  // multiples of kDirectAlignment. Not open where the system does not do that for this file.
  // Throws Error{kSourceChanged} where the path has come to name another file.
  File ReopenDirect() const;

  const std::filesystem::path& path() const noexcept { return path_; }
  int fd() const noexcept { return fd_; }  // -1 of a source
  bool is_open() const noexcept { return fd_ >= 0 || source_ != nullptr; }
  // Whether it is read from a ByteSource.
  bool is_remote() const noexcept { return source_ != nullptr; }
  // The descriptor. Throws Error{kUnsupported} where there is none, naming what it was wanted for:
  // "cannot be mapped".
  int LocalFd(std::string_view refusal) const;

  uint64_t SizeBytes() const;
  // Of a source: its size, and a hash of its version as inode.
  FileIdentity Identity() const;

  // Fills all of `out`. Throws kIo when the file ends before.
  void ReadAt(uint64_t offset, std::span<std::byte> out) const;
  // Reads up to out.size() bytes; returns how many there were.
  size_t ReadSomeAt(uint64_t offset, std::span<std::byte> out) const;
  // Writes all of `data`. A full disk is kIo and names the path.
  void WriteAt(uint64_t offset, std::span<const std::byte> data) const;
  void Append(std::span<const std::byte> data) const;

  void Truncate(uint64_t size_bytes) const;
  // Reserves the blocks of [0, size_bytes) where the file system can, so that a full disk shows at
  // once; elsewhere only sets the length.
  void Allocate(uint64_t size_bytes) const;
  // Tells the kernel that [offset, offset + length) will be read soon. Never fails.
  void PrefetchHint(uint64_t offset, uint64_t length) const noexcept;
  // Has the kernel begin to write [offset, offset + length) to the device, so that a later Sync has
  // little left to wait for. Never fails, may do nothing.
  void StartWriteback(uint64_t offset, uint64_t length) const noexcept;
  // Returns when the data is on the device.
  void Sync() const;
  // Takes an exclusive lock held until the File closes; false when another process has it.
  bool TryLock() const;

  void Close() noexcept;

 private:
  File(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}

  int fd_ = -1;
  std::shared_ptr<const ByteSource> source_;
  std::filesystem::path path_;
};

// The whole of a small file. Throws Error{kInvalidData} when it is larger than `max_bytes`.
std::string ReadSmallFile(const std::filesystem::path& path, uint64_t max_bytes);
std::string ReadSmallFile(const File& file, uint64_t max_bytes);

// Writes `content` to a temporary sibling, syncs, and renames it to `path`: readers see the old
// file or the new one, never a part.
void WriteFileAtomically(const std::filesystem::path& path, std::string_view content);

// Makes renames in `directory` durable.
void SyncDirectory(const std::filesystem::path& directory);

// What the system calls an errno: "No space left on device".
std::string SystemReason(int error_number);

}  // namespace hlwq
