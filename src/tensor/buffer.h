// Memory for numbers that vector code reads: aligned to cache lines, made once, never grown.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

namespace hlwq {

struct Unfilled {};

// `size` elements, zero at first. Moves; not copied.
template <typename T>
class Buffer {
 public:
  static_assert(std::is_trivially_copyable_v<T>);
  static constexpr size_t kAlignment = 64;

  Buffer() = default;
  explicit Buffer(size_t size)
      : data_(size == 0 ? nullptr
                        : static_cast<T*>(operator new[](size * sizeof(T),
                                                         std::align_val_t{kAlignment}))),
        size_(size) {
    std::fill_n(data_.get(), size, T{});
  }
  // Its content is anything, and pages that are never written take no memory.
  Buffer(size_t size, Unfilled /*tag*/)
      : data_(size == 0 ? nullptr
                        : static_cast<T*>(operator new[](size * sizeof(T),
                                                         std::align_val_t{kAlignment}))),
        size_(size) {}

  T* data() noexcept { return data_.get(); }
  const T* data() const noexcept { return data_.get(); }
  size_t size() const noexcept { return size_; }
  std::span<T> span() noexcept { return {data_.get(), size_}; }
  std::span<const T> span() const noexcept { return {data_.get(), size_}; }
  T& operator[](size_t index) noexcept { return data_[index]; }
  const T& operator[](size_t index) const noexcept { return data_[index]; }

 private:
  struct Free {
    void operator()(T* data) const noexcept {
      operator delete[](data, std::align_val_t{kAlignment});
    }
  };
  std::unique_ptr<T[], Free> data_;
  size_t size_ = 0;
};

}  // namespace hlwq
