// XXH3-64, the checksum of everything hlwq writes (docs/format.md, "Checksums").
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace hlwq {

// One-shot XXH3-64 of `data`, seed 0.
uint64_t Xxh3(std::span<const std::byte> data) noexcept;

// The same over bytes that come in pieces: Digest() after Update(a), Update(b) equals Xxh3(a + b).
class Xxh3Stream {
 public:
  Xxh3Stream();
  Xxh3Stream(Xxh3Stream&&) noexcept;
  Xxh3Stream& operator=(Xxh3Stream&&) noexcept;
  ~Xxh3Stream();

  void Update(std::span<const std::byte> data) noexcept;
  uint64_t Digest() const noexcept;
  void Reset() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// 16 lower-case hexadecimal digits, as the manifest writes them.
std::string HashToHex(uint64_t hash);
// Inverse of HashToHex. Throws Error{kInvalidData} on anything else.
uint64_t HashFromHex(std::string_view hex);

}  // namespace hlwq
