// The layouts in which the codes of a block are stored (docs/format.md, "Code streams"): scalar
// reference for the vector kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "codec/hadamard.h"

namespace hlwq::codec {

enum class BitOrder : uint8_t {
  kMsb,         // bit stream, most significant bit first; what hlwq writes
  kLsb,         // b = 5 only: 8 codes in a little-endian 40-bit group, code i at bit 5i
  kHalfNibble,  // b <= 4: byte i holds code i low, code 64 + i high
  kPlain,       // one byte a code
};

std::string_view BitOrderName(BitOrder order) noexcept;  // "msb", "lsb", "half-nibble", "plain"
std::optional<BitOrder> BitOrderFromName(std::string_view name) noexcept;
// Whether codes of `bits` (1..8) can be stored in this order.
bool BitOrderHolds(BitOrder order, int bits) noexcept;

// Bytes of one block of 128 codes: 16 * bits, 80, 64 or 128.
size_t PackedBlockBytes(BitOrder order, int bits) noexcept;

// One block. `codes` below 2^bits; `packed` and `codes` sizes as PackedBlockBytes and 128.
// Unpacking ignores bits above `bits` in the byte layouts, so any input gives codes below 2^bits.
void PackBlock(BitOrder order, int bits, std::span<const uint8_t, kBlockSize> codes,
               std::span<std::byte> packed) noexcept;
void UnpackBlock(BitOrder order, int bits, std::span<const std::byte> packed,
                 std::span<uint8_t, kBlockSize> codes) noexcept;

}  // namespace hlwq::codec
