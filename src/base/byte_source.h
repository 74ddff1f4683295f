// Bytes that are read from somewhere else than a file of this machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace hlwq {

// What a File is made of that is not on this machine (File::OfSource). Its content never changes:
// who finds that it did throws Error{kSourceChanged} from ReadAt. Thread: safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  virtual uint64_t SizeBytes() const noexcept = 0;
  // Tells two contents apart: a hash, an ETag.
  virtual const std::string& version() const noexcept = 0;
  // Fills all of `out`, which lies within the size. Throws Error{kIo} when the bytes cannot be had,
  // after whatever patience the source has.
  virtual void ReadAt(uint64_t offset, std::span<std::byte> out) const = 0;
  // [offset, offset + length), which lies within the size, will be read soon. May do nothing.
  virtual void PrefetchHint(uint64_t offset, uint64_t length) const noexcept = 0;
};

}  // namespace hlwq
