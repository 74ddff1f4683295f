// The random numbers of one sample.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/random.h"

namespace hlwq::study {

// A uniform number of 52 bits, in the middle of its interval, so neither 0 nor 1. (A half beside 53 bits
// would be rounded to 1 at the end.)
constexpr double UniformOf(uint64_t bits) noexcept {
  return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
}

// Gumbel noise, -ln(-ln u), up to 37. With a u of float32 it would end at 17: large noise is what picks
// unlikely tokens, and without it they come up as if the temperature were lower (Zheng et al. 2024,
// arXiv:2409.02908).
inline double GumbelOf(uint64_t bits) noexcept { return -std::log(-std::log(UniformOf(bits))); }

// Depends on the seed and the index of the sample alone: a sample is the same in whatever batch it is made.
class RandomStream {
 public:
  RandomStream(uint64_t seed, uint64_t sample) : key_(MixBits(MixBits(seed) ^ sample)) {}

  double Uniform() noexcept { return UniformOf(NextKey()); }
  // For a choice among many: the bits of each are MixBits(key + index).
  uint64_t NextKey() noexcept { return MixBits(key_ ^ MixBits(drawn_++)); }

 private:
  uint64_t key_ = 0;
  uint64_t drawn_ = 0;
};

}  // namespace hlwq::study
