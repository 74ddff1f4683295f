#include "base/mapped_file.h"

#include <sys/mman.h>
#include <unistd.h>
#include <cerrno>
#include <utility>

#include "base/error.h"

namespace hlwq {
namespace {

// madvise wants whole pages.
void Advise(std::span<const std::byte> bytes, uint64_t offset, uint64_t length, int advice) noexcept {
  if (offset >= bytes.size() || length == 0) return;
  const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const uint64_t begin = offset / page * page;
  const uint64_t end = length < bytes.size() - offset ? offset + length : bytes.size();
  madvise(const_cast<std::byte*>(bytes.data()) + begin, end - begin, advice);
}

}  // namespace

MappedFile::MappedFile(const File& file) {
  const uint64_t size = file.SizeBytes();
  if (size == 0) return;
  void* address = mmap(nullptr, size, PROT_READ, MAP_SHARED, file.fd(), 0);
  if (address == MAP_FAILED) {
    throw Error(ErrorCode::kIo, file.path().string() + ": cannot map: " + SystemReason(errno));
  }
  bytes_ = {static_cast<const std::byte*>(address), size};
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void MappedFile::PrefetchHint(uint64_t offset, uint64_t length) const noexcept {
  Advise(bytes_, offset, length, MADV_WILLNEED);
}

void MappedFile::Populate(uint64_t offset, uint64_t length) const noexcept {
#ifdef MADV_POPULATE_READ
  Advise(bytes_, offset, length, MADV_POPULATE_READ);
#else
  PrefetchHint(offset, length);
#endif
}

}  // namespace hlwq
