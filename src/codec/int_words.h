// Codes of a row in 32-bit little-endian words, low bits first (docs/format-compressed-tensors.md,
// "Words").
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace hlwq::codec {

enum class WordOrder : uint8_t {
  kDense,  // "lsb": one bit stream a row; codes may lie across words
  kWhole,  // "lsb-words": floor(32 / bits) codes a word, the bits above them zero
};
// Where `bits` divides 32 both are the same bytes, and the name is "lsb".
std::string_view WordOrderName(WordOrder order) noexcept;
std::optional<WordOrder> WordOrderFromName(std::string_view name) noexcept;

// Words of a row of `count` codes of `bits` (1..8). Empty on overflow.
std::optional<uint64_t> WordsPerRow(WordOrder order, int bits, uint64_t count) noexcept;

// One row: `words` is 4 * WordsPerRow bytes, codes are below 2^bits. Bits that no code uses are
// written as zeros and ignored when read.
void PackWords(WordOrder order, int bits, std::span<const uint8_t> codes,
               std::span<std::byte> words) noexcept;
void UnpackWords(WordOrder order, int bits, std::span<const std::byte> words,
                 std::span<uint8_t> codes) noexcept;

}  // namespace hlwq::codec
