// The noise that samples are drawn with.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/random.h"

namespace hlwq::study {

// Gumbel noise, -ln(-ln u), up to 37. With a u of float32 it would end at 17: large noise is what picks
// unlikely tokens, and without it they come up as if the temperature were lower (Zheng et al. 2024,
// arXiv:2409.02908).
inline double GumbelOf(uint64_t bits) noexcept { return -std::log(-std::log(UniformOf(bits))); }

// The numbers of one sample, which is the same in whatever batch it is made. For a choice among many the bits of each are
// MixBits(random.Bits() + index).
constexpr CounterRandom SampleRandom(uint64_t seed, uint64_t sample) noexcept {
  constexpr uint64_t kStreams =
      0x53616D706C657300u;  // apart from those that make corpora and noise
  return {seed, MixBits(kStreams) + sample};
}

}  // namespace hlwq::study
