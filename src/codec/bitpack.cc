#include "codec/bitpack.h"

#include <array>

#include "base/error.h"

namespace hlwq::codec {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"msb", "lsb", "half-nibble", "plain"};
constexpr size_t kHalf = kBlockSize / 2;

void PackMsb(int bits, std::span<const uint8_t, kBlockSize> codes, std::span<std::byte> packed) {
  uint32_t pending = 0;  // the low `pending_bits` bits are not written yet
  int pending_bits = 0;
  size_t at = 0;
  for (const uint8_t code : codes) {
    pending = (pending << bits) | code;
    pending_bits += bits;
    while (pending_bits >= 8) {
      pending_bits -= 8;
      packed[at++] = static_cast<std::byte>(pending >> pending_bits);
    }
  }
}

void UnpackMsb(int bits, std::span<const std::byte> packed, std::span<uint8_t, kBlockSize> codes) {
  const uint32_t mask = (1u << bits) - 1;
  uint32_t pending = 0;
  int pending_bits = 0;
  size_t at = 0;
  for (uint8_t& code : codes) {
    while (pending_bits < bits) {
      pending = (pending << 8) | std::to_integer<uint32_t>(packed[at++]);
      pending_bits += 8;
    }
    pending_bits -= bits;
    code = static_cast<uint8_t>((pending >> pending_bits) & mask);
  }
}

void PackLsb5(std::span<const uint8_t, kBlockSize> codes, std::span<std::byte> packed) {
  for (size_t group = 0; group < kBlockSize / 8; ++group) {
    uint64_t word = 0;
    for (size_t i = 0; i < 8; ++i) word |= uint64_t{codes[8 * group + i]} << (5 * i);
    for (size_t i = 0; i < 5; ++i) packed[5 * group + i] = static_cast<std::byte>(word >> (8 * i));
  }
}

void UnpackLsb5(std::span<const std::byte> packed, std::span<uint8_t, kBlockSize> codes) {
  for (size_t group = 0; group < kBlockSize / 8; ++group) {
    uint64_t word = 0;
    for (size_t i = 0; i < 5; ++i) {
      word |= std::to_integer<uint64_t>(packed[5 * group + i]) << (8 * i);
    }
    for (size_t i = 0; i < 8; ++i) {
      codes[8 * group + i] = static_cast<uint8_t>((word >> (5 * i)) & 31u);
    }
  }
}

}  // namespace

std::string_view BitOrderName(BitOrder order) noexcept {
  return kNames[static_cast<size_t>(order)];
}

std::optional<BitOrder> BitOrderFromName(std::string_view name) noexcept {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<BitOrder>(i);
  }
  return std::nullopt;
}

bool BitOrderHolds(BitOrder order, int bits) noexcept {
  switch (order) {
    case BitOrder::kLsb:
      return bits == 5;
    case BitOrder::kHalfNibble:
      return bits <= 4;
    default:
      return true;
  }
}

size_t PackedBlockBytes(BitOrder order, int bits) noexcept {
  switch (order) {
    case BitOrder::kHalfNibble:
      return kHalf;
    case BitOrder::kPlain:
      return kBlockSize;
    default:
      return kBlockSize / 8 * static_cast<size_t>(bits);
  }
}

void PackBlock(BitOrder order, int bits, std::span<const uint8_t, kBlockSize> codes,
               std::span<std::byte> packed) noexcept {
  HLWQ_DASSERT(packed.size() == PackedBlockBytes(order, bits));
  switch (order) {
    case BitOrder::kMsb:
      PackMsb(bits, codes, packed);
      break;
    case BitOrder::kLsb:
      PackLsb5(codes, packed);
      break;
    case BitOrder::kHalfNibble:
      for (size_t i = 0; i < kHalf; ++i) {
        packed[i] = static_cast<std::byte>(codes[i] | (codes[kHalf + i] << 4));
      }
      break;
    case BitOrder::kPlain:
      for (size_t i = 0; i < kBlockSize; ++i) packed[i] = static_cast<std::byte>(codes[i]);
      break;
  }
}

void UnpackBlock(BitOrder order, int bits, std::span<const std::byte> packed,
                 std::span<uint8_t, kBlockSize> codes) noexcept {
  HLWQ_DASSERT(packed.size() == PackedBlockBytes(order, bits));
  const auto mask = static_cast<uint8_t>((1u << bits) - 1);
  switch (order) {
    case BitOrder::kMsb:
      UnpackMsb(bits, packed, codes);
      break;
    case BitOrder::kLsb:
      UnpackLsb5(packed, codes);
      break;
    case BitOrder::kHalfNibble:
      for (size_t i = 0; i < kHalf; ++i) {
        const auto byte = std::to_integer<uint8_t>(packed[i]);
        codes[i] = byte & 15u & mask;
        codes[kHalf + i] = static_cast<uint8_t>(byte >> 4) & mask;
      }
      break;
    case BitOrder::kPlain:
      for (size_t i = 0; i < kBlockSize; ++i) codes[i] = std::to_integer<uint8_t>(packed[i]) & mask;
      break;
  }
}

}  // namespace hlwq::codec
