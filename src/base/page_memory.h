// Memory in pages of its own, straight from the system.
#pragma once

#include <cstddef>
#include <span>

namespace hlwq {

// Zero at first; a page takes room when it is first written. Aligned to pages, in huge ones where
// the system has them. Moves.
class PageMemory {
 public:
  PageMemory() = default;
  // Throws Error{kIo} with the size when the system has not so much.
  explicit PageMemory(size_t bytes);
  PageMemory(PageMemory&& other) noexcept;
  PageMemory& operator=(PageMemory&& other) noexcept;
  ~PageMemory();

  std::span<std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<std::byte> bytes_;
};

}  // namespace hlwq
