#include "codec/int_words.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/checked.h"
#include "base/error.h"

static_assert(std::endian::native == std::endian::little, "words are little-endian");

namespace hlwq::codec {
namespace {

constexpr size_t kWordBits = 32;

// Eight codes to the low 8 * bits bits.
template <int kBits>
uint64_t Gather(const uint8_t* codes) {
  uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits |= uint64_t{codes[i]} << (kBits * i);
  return bits;
}
template <int kBits>
void Scatter(uint64_t bits, uint8_t* codes) {
  constexpr uint64_t kMask = (1u << kBits) - 1;
  for (int i = 0; i < 8; ++i) codes[i] = static_cast<uint8_t>(bits >> (kBits * i) & kMask);
}

// Eight codes are exactly `bits` bytes of the stream.
template <int kBits>
void PackStream(std::span<const uint8_t> codes, std::span<std::byte> words) {
  const size_t whole = codes.size() / 8;
  for (size_t i = 0; i < whole; ++i) {
    const uint64_t bits = Gather<kBits>(codes.data() + 8 * i);
    std::memcpy(words.data() + kBits * i, &bits, kBits);
  }
  const auto rest = words.subspan(kBits * whole);
  uint8_t last[8] = {};
  std::copy(codes.begin() + static_cast<ptrdiff_t>(8 * whole), codes.end(), last);
  const uint64_t bits = Gather<kBits>(last);
  std::fill(rest.begin(), rest.end(), std::byte{});
  std::memcpy(rest.data(), &bits, std::min(rest.size(), sizeof bits));
}

template <int kBits>
void UnpackStream(std::span<const std::byte> words, std::span<uint8_t> codes) {
  const size_t whole = codes.size() / 8;
  for (size_t i = 0; i < whole; ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, words.data() + kBits * i, kBits);
    Scatter<kBits>(bits, codes.data() + 8 * i);
  }
  const auto rest = words.subspan(kBits * whole);
  uint64_t bits = 0;
  std::memcpy(&bits, rest.data(), std::min(rest.size(), sizeof bits));
  uint8_t last[8];
  Scatter<kBits>(bits, last);
  std::copy_n(last, codes.size() % 8, codes.begin() + static_cast<ptrdiff_t>(8 * whole));
}

void PackWhole(int bits, std::span<const uint8_t> codes, std::span<std::byte> words) {
  const size_t per_word = kWordBits / static_cast<size_t>(bits);
  for (size_t first = 0; first < codes.size(); first += per_word) {
    uint32_t word = 0;
    const size_t count = std::min(per_word, codes.size() - first);
    for (size_t i = 0; i < count; ++i) {
      word |= uint32_t{codes[first + i]} << (static_cast<size_t>(bits) * i);
    }
    std::memcpy(words.data() + first / per_word * sizeof word, &word, sizeof word);
  }
}

void UnpackWhole(int bits, std::span<const std::byte> words, std::span<uint8_t> codes) {
  const size_t per_word = kWordBits / static_cast<size_t>(bits);
  const uint32_t mask = (1u << bits) - 1;
  for (size_t first = 0; first < codes.size(); first += per_word) {
    uint32_t word;
    std::memcpy(&word, words.data() + first / per_word * sizeof word, sizeof word);
    const size_t count = std::min(per_word, codes.size() - first);
    for (size_t i = 0; i < count; ++i) {
      codes[first + i] = static_cast<uint8_t>(word >> (static_cast<size_t>(bits) * i) & mask);
    }
  }
}

// Calls `function` with the width as a constant.
template <class Function>
void WithBits(int bits, const Function& function) {
  switch (bits) {
    case 1:
      return function.template operator()<1>();
    case 2:
      return function.template operator()<2>();
    case 3:
      return function.template operator()<3>();
    case 4:
      return function.template operator()<4>();
    case 5:
      return function.template operator()<5>();
    case 6:
      return function.template operator()<6>();
    case 7:
      return function.template operator()<7>();
    default:
      return function.template operator()<8>();
  }
}

}  // namespace

std::string_view WordOrderName(WordOrder order) noexcept {
  return order == WordOrder::kDense ? "lsb" : "lsb-words";
}

std::optional<WordOrder> WordOrderFromName(std::string_view name) noexcept {
  for (const WordOrder order : {WordOrder::kDense, WordOrder::kWhole}) {
    if (name == WordOrderName(order)) return order;
  }
  return std::nullopt;
}

std::optional<uint64_t> WordsPerRow(WordOrder order, int bits, uint64_t count) noexcept {
  const auto width = static_cast<uint64_t>(bits);
  if (order == WordOrder::kWhole) return CeilDiv<uint64_t>(count, kWordBits / width);
  const auto total = CheckedMul<uint64_t>(count, width);
  if (!total) return std::nullopt;
  return CeilDiv<uint64_t>(*total, kWordBits);
}

void PackWords(WordOrder order, int bits, std::span<const uint8_t> codes,
               std::span<std::byte> words) noexcept {
  HLWQ_DASSERT(words.size() == 4 * WordsPerRow(order, bits, codes.size()).value());
  if (order == WordOrder::kWhole) return PackWhole(bits, codes, words);
  WithBits(bits, [&]<int kBits>() { PackStream<kBits>(codes, words); });
}

void UnpackWords(WordOrder order, int bits, std::span<const std::byte> words,
                 std::span<uint8_t> codes) noexcept {
  HLWQ_DASSERT(words.size() == 4 * WordsPerRow(order, bits, codes.size()).value());
  if (order == WordOrder::kWhole) return UnpackWhole(bits, words, codes);
  WithBits(bits, [&]<int kBits>() { UnpackStream<kBits>(words, codes); });
}

}  // namespace hlwq::codec
