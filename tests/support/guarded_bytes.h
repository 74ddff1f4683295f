// Memory whose neighbours may not be touched.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <span>

namespace hlwq::test {

// Bytes that end where a page that may not be touched begins, or begin where one ends.
class GuardedBytes {
 public:
  GuardedBytes(std::span<const std::byte> content, bool at_end) : size_(content.size()) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t room = (size_ + page - 1) / page * page;
    mapped_ = room + 2 * page;
    base_ = static_cast<std::byte*>(
        mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    EXPECT_NE(static_cast<void*>(base_), MAP_FAILED);
    EXPECT_EQ(mprotect(base_ + page, room, PROT_READ | PROT_WRITE), 0);
    data_ = base_ + page + (at_end ? room - size_ : 0);
    std::memcpy(data_, content.data(), size_);
  }
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;
  ~GuardedBytes() { munmap(base_, mapped_); }

  std::span<const std::byte> span() const { return {data_, size_}; }
  std::span<std::byte> writable() { return {data_, size_}; }

 private:
  size_t size_, mapped_;
  std::byte* base_;
  std::byte* data_;
};

}  // namespace hlwq::test
