#include "base/hash.h"

#include <charconv>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"

namespace hlwq {

struct Xxh3Stream::State {
  XXH3_state_t xxh;
};

uint64_t Xxh3(std::span<const std::byte> data) noexcept {
  return XXH3_64bits(data.data(), data.size());
}

Xxh3Stream::Xxh3Stream() : state_(std::make_unique<State>()) { Reset(); }
Xxh3Stream::Xxh3Stream(Xxh3Stream&&) noexcept = default;
Xxh3Stream& Xxh3Stream::operator=(Xxh3Stream&&) noexcept = default;
Xxh3Stream::~Xxh3Stream() = default;

void Xxh3Stream::Reset() noexcept { XXH3_64bits_reset(&state_->xxh); }

void Xxh3Stream::Update(std::span<const std::byte> data) noexcept {
  if (!data.empty()) XXH3_64bits_update(&state_->xxh, data.data(), data.size());
}

uint64_t Xxh3Stream::Digest() const noexcept { return XXH3_64bits_digest(&state_->xxh); }

std::string HashToHex(uint64_t hash) {
  std::string hex(16, '0');
  for (size_t digit = 0; digit < 16; ++digit) {
    hex[digit] = "0123456789abcdef"[(hash >> (60 - 4 * digit)) & 15];
  }
  return hex;
}

uint64_t HashFromHex(std::string_view hex) {
  uint64_t hash = 0;
  const bool has_upper = hex.find_first_of("ABCDEF") != hex.npos;
  const auto [end, failure] = std::from_chars(hex.data(), hex.data() + hex.size(), hash, 16);
  if (hex.size() != 16 || has_upper || failure != std::errc() || end != hex.data() + hex.size()) {
    throw Error(ErrorCode::kInvalidData,
                "checksum: want 16 hexadecimal digits, got '" + std::string(hex) + "'");
  }
  return hash;
}

}  // namespace hlwq
