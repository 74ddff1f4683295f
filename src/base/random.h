// Counter-based random numbers: the value at a position depends on the seed and the position alone,
// so streams can be made in any order and by any thread.
#pragma once

#include <cstdint>

namespace hlwq {

// SplitMix64 (Steele, Lea, Flood 2014): a bijection of 64-bit words that passes BigCrush on counters.
constexpr uint64_t MixBits(uint64_t x) noexcept {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

// A uniform number of 52 bits, in the middle of its interval: neither 0 nor 1. (A half beside 53 bits would be rounded to
// 1 at the end.)
constexpr double UniformOf(uint64_t bits) noexcept {
  return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
}

// One stream of numbers: what is drawn depends on the seed, the stream and how many were drawn, and on nothing else, so
// work that goes on after a stop, or is done in other portions, draws what it would have drawn.
class CounterRandom {
 public:
  constexpr CounterRandom(uint64_t seed, uint64_t stream) noexcept
      : key_(MixBits(seed ^ MixBits(stream))) {}

  constexpr uint64_t Bits() noexcept { return MixBits(key_ ^ MixBits(counter_++)); }
  // In (0, 1).
  constexpr double Uniform() noexcept { return UniformOf(Bits()); }
  // In [0, bound), bound > 0: the high half of a product, uneven by less than bound / 2^64.
  constexpr uint64_t Below(uint64_t bound) noexcept {
    __extension__ using Wide = unsigned __int128;
    return static_cast<uint64_t>((static_cast<Wide>(Bits()) * bound) >> 64);
  }

 private:
  uint64_t key_;
  uint64_t counter_ = 0;
};

// The sum of four uniform 16-bit numbers, centred and scaled to variance 1: close to a normal value
// (kurtosis 2.7), bounded by 3.47, and cheap enough to make tens of gigabytes of weights. Rotated by
// a Hadamard transform of 128 such values are normal for every practical purpose.
constexpr float NearNormal(uint64_t seed, uint64_t position) noexcept {
  const uint64_t bits = MixBits(seed ^ MixBits(position));
  const auto sum = static_cast<int32_t>((bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) +
                                        ((bits >> 32) & 0xFFFF) + (bits >> 48));
  // Mean 131070; variance 4 * (65536^2 - 1) / 12.
  return static_cast<float>(sum - 131070) * 2.6429e-5f;
}

}  // namespace hlwq
