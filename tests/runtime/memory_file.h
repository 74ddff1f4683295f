// A file that is a string.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "base/file.h"

namespace hlwq::test {

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}

  uint64_t SizeBytes() const noexcept override { return bytes_.size(); }
  const std::string& version() const noexcept override { return version_; }
  void ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    std::memcpy(out.data(), bytes_.data() + offset, out.size());
  }
  void PrefetchHint(uint64_t, uint64_t) const noexcept override {}

 private:
  std::string bytes_, version_ = "1";
};

inline File MemoryFile(std::string bytes) {
  return File::OfSource("made.seq", std::make_shared<MemorySource>(std::move(bytes)));
}

}  // namespace hlwq::test
