// The corruption of masked diffusion: how much is masked when, what that weighs, and the random numbers for it, all in
// float64 on this side. No libtorch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "study/config/config.h"

namespace hlwq::study {

using TokenId = int32_t;

// The share m(t) of tokens that is masked at time t in [0, 1]: from 0 to 1.
double MaskRate(NoiseSchedule schedule, double t) noexcept;
// The time at which that share is masked.
double TimeOfRate(NoiseSchedule schedule, double rate) noexcept;
// The weight m'(t) / m(t) of the cross-entropy of what is masked at time t, in the continuous-time NELBO of masked
// diffusion (Sahoo et al. 2024, eq. 11; Shi et al. 2024): 1 / t of the linear schedule. t > 0.
double NelboWeight(NoiseSchedule schedule, double t) noexcept;

// Which randomness a batch gets. A batch that is computed in parts is the same batch.
struct Draw {
  uint64_t seed = 0;
  uint64_t step = 0;
  size_t first_row = 0;   // of this part
  size_t batch_rows = 0;  // of the whole batch; 0: this part is all
};

// Windows with masks in them.
struct Corruption {
  std::vector<TokenId> tokens;  // [batch, length], masked
  std::vector<double> times;    // [batch]
  std::vector<double> weights;  // [batch], of the cross-entropy of each masked token
  std::vector<int64_t> masked;  // flat indices of those that were masked, ascending
};

// Masks each token of row r with probability m(t_r), independently. Times are stratified over the batch: row r of n has
// t = ((r + u) mod n) / n with one shift u for all, so each is uniform and together they cover (0, 1] evenly
// (Kingma et al. 2021, the generalisation of antithetic times).
Corruption Corrupt(std::span<const TokenId> windows, size_t length, NoiseSchedule schedule,
                   TokenId mask, const Draw& draw);

// For evaluation: `samples` corruptions of one window, as rows. With a net that sees the time they are those of
// Corrupt. Otherwise the integral over t is done by hand: how many tokens k are masked is uniform in 1..length, which
// ones too, and the weight is length / k; this is the same expectation for every schedule, without the variance of
// t, and stratified over k.
Corruption CorruptForEvaluation(std::span<const TokenId> window, size_t samples,
                                NoiseSchedule schedule, TokenId mask, bool sees_time,
                                const Draw& draw);

}  // namespace hlwq::study
