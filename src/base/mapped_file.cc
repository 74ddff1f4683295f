#include "base/mapped_file.h"

#include <sys/mman.h>
#include <cerrno>
#include <utility>

#include "base/error.h"

namespace hlwq {

MappedFile::MappedFile(const File& file) {
  const int fd = file.LocalFd("cannot be mapped");
  const uint64_t size = file.SizeBytes();
  if (size == 0) return;
  void* address = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) {
    throw Error(ErrorCode::kIo, file.path().string() + ": cannot map: " + SystemReason(errno));
  }
  bytes_ = {static_cast<const std::byte*>(address), size};
  watch_ = WatchedMapping(address, size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})), watch_(std::move(other.watch_)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(watch_, other.watch_);
  return *this;
}

MappedFile::~MappedFile() {
  watch_ = {};  // before others may map something there
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace hlwq
