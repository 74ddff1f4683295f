// The encoder on a run of blocks. Four passes, each over all blocks of the run, so that the long
// dependency at the end of one block's pass (sum, root, division) overlaps the next block's work:
//   1. transform and norm,  2. coarse scales,  3. fine scales,  4. codes, multiplier and errors.
#if defined(HLWQ_KERNELS_CPU_ENCODE_BLOCKS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_ENCODE_BLOCKS_INL_H_
#undef HLWQ_KERNELS_CPU_ENCODE_BLOCKS_INL_H_
#else
#define HLWQ_KERNELS_CPU_ENCODE_BLOCKS_INL_H_
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "codec/hlwq_block.h"
#include "hwy/highway.h"
#include "kernels/cpu/bitpack-inl.h"
#include "kernels/cpu/encode_arguments.h"
#include "kernels/cpu/fwht-inl.h"
#include "kernels/cpu/level_finder-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// Blocks in work at once: weights, transforms and codes of a run fit the first-level cache.
constexpr size_t kRun = 16;

// What the passes hand to each other.
struct EncodeRun {
  alignas(64) float v[kRun * kBlock];  // Fwht128 of the weights
  alignas(64) uint8_t codes[kRun * kBlock];
  float norm[kRun];    // not below kNormFloor
  float factor[kRun];  // the best so far
  float score[kRun];
  codec::ScaleTrial trial[kRun];  // its sums
};

// Pass 1. Returns how many blocks can be stored before the first that cannot.
inline HWY_ATTR size_t TransformRun(const float* HWY_RESTRICT weights, size_t count, EncodeRun& run,
                                    codec::BlockSums* HWY_RESTRICT sums) {
  alignas(64) float rows[kRun * 4];
  alignas(64) float energy[kRun];
  for (size_t i = 0; i < count; ++i) {
    BlockVectors block = LoadBlock(weights + i * kBlock);
    Fwht128(block);
    BlockSum sum;
    ForEachVector([&](auto j) HWY_ATTR { sum.Add<j>(hn::Mul(block.v[j], block.v[j])); });
    StoreBlock(block, run.v + i * kBlock);
    sum.StoreFour(rows + 4 * i);
  }
  for (size_t i = 0; i < count; i += 4) FinishSums(rows + 4 * i, energy + i);
  for (size_t i = 0; i < count; ++i) {
    const float norm = std::sqrt(energy[i] * (1.0f / kBlock));
    if (!(norm < codec::kNormLimit)) return i;
    sums[i].energy = energy[i];
    run.norm[i] = norm < codec::kNormFloor ? codec::kNormFloor : norm;
  }
  return count;
}

// Tries kCount factors on each block; keeps the best in run.factor, .score and .trial. Where
// kCenter, the factors are relative to the refit of the best so far, else there is none yet.
template <class Finder, size_t kCount, bool kCenter>
HWY_ATTR void TryFactors(const Finder& finder, const std::array<float, kCount>& factors,
                         size_t count, EncodeRun& run) {
  for (size_t i = 0; i < count; ++i) {
    const VF inverse = hn::Set(DF(), 1.0f / run.norm[i]);
    BlockVectors x = LoadBlock(run.v + i * kBlock);
    for (size_t j = 0; j < kVectors; ++j) x.v[j] = Finder::Prepare(hn::Mul(x.v[j], inverse));
    const float center = kCenter ? codec::RefitFactor(run.trial[i], run.factor[i]) : 1.0f;

    alignas(64) float along_rows[kCount * 4];
    alignas(64) float level_rows[kCount * 4];
    for (size_t k = 0; k < kCount; ++k) {
      const VF factor = hn::Set(DF(), kCenter ? center * factors[k] : factors[k]);
      BlockSum along, levels;
      ForEachVector([&](auto j) HWY_ATTR {
        const VF c = finder.TrialLevel(hn::Mul(x.v[j], factor));
        along.Add<j>(hn::Mul(x.v[j], c));
        levels.Add<j>(hn::Mul(c, c));
      });
      along.StoreFour(along_rows + 4 * k);
      levels.StoreFour(level_rows + 4 * k);
    }
    alignas(64) float along[kCount];
    alignas(64) float levels[kCount];
    for (size_t k = 0; k < kCount; k += 4) {
      FinishSums(along_rows + 4 * k, along + k);
      FinishSums(level_rows + 4 * k, levels + k);
    }
    float best_score = kCenter ? run.score[i] : -1.0f;
    for (size_t k = 0; k < kCount; ++k) {
      const codec::ScaleTrial trial = {along[k], levels[k]};
      const float score = codec::TrialScore(trial);
      if (score > best_score) {
        best_score = score;
        run.trial[i] = trial;
        run.factor[i] = kCenter ? center * factors[k] : factors[k];
      }
    }
    run.score[i] = best_score;
  }
}

// Pass 4: codes of v * scale, the sums that go with them, the multiplier and its errors.
template <class Finder>
HWY_ATTR void FinishRun(const Finder& finder, codec::ScaleRule rule, size_t count, EncodeRun& run,
                        uint8_t* HWY_RESTRICT multipliers, codec::BlockSums* HWY_RESTRICT sums) {
  const bool is_search = rule == codec::ScaleRule::kSearch;
  alignas(64) float level_of[kBlock];
  for (size_t i = 0; i < count; ++i) {
    const BlockVectors v = LoadBlock(run.v + i * kBlock);
    float scale = 1.0f / run.norm[i];
    if (is_search) {
      const float first = F16ToF32(codec::RefitMultiplier(run.trial[i], run.norm[i]));
      scale = first > 0 ? 1.0f / first : 0.0f;
    }
    const VF scale_v = hn::Set(DF(), scale);
    BlockSum along, levels;
    ForEachVector([&](auto j) HWY_ATTR {
      const FoundLevel found = finder.Find(hn::Mul(v.v[j], scale_v));
      along.Add<j>(hn::Mul(v.v[j], found.level));
      levels.Add<j>(hn::Mul(found.level, found.level));
      hn::Store(found.level, DF(), level_of + j * kLanes);
      const hn::Rebind<uint8_t, DF> d8;
      hn::StoreU(hn::DemoteTo(d8, found.code), d8, run.codes + i * kBlock + j * kLanes);
    });
    alignas(64) float rows[16] = {};
    alignas(64) float finished[4];
    along.StoreFour(rows);
    levels.StoreFour(rows + 4);
    FinishSums(rows, finished);
    const codec::ScaleTrial last = {finished[0], finished[1]};
    const uint16_t multiplier = is_search ? codec::RefitMultiplier(last, 1.0f)
                                          : F32ToF16(std::sqrt(sums[i].energy * (1.0f / kBlock)));
    std::memcpy(multipliers + 2 * i, &multiplier, 2);
    sums[i].along = last.along;
    sums[i].levels = last.levels;

    const VF m = hn::Set(DF(), F16ToF32(multiplier));
    BlockVectors error;
    BlockSum squares;
    ForEachVector([&](auto j) HWY_ATTR {
      error.v[j] = hn::Sub(v.v[j], hn::Mul(m, hn::Load(DF(), level_of + j * kLanes)));
      squares.Add<j>(hn::Mul(error.v[j], error.v[j]));
    });
    squares.StoreFour(rows + 8);
    FinishSums(rows, finished);
    sums[i].error = finished[2];
    Fwht128(error);
    VF largest = hn::Zero(DF());
    for (size_t j = 0; j < kVectors; ++j) largest = hn::Max(largest, hn::Abs(error.v[j]));
    sums[i].max_error = hn::GetLane(hn::MaxOfLanes(DF(), largest)) * (1.0f / kBlock);
  }
}

template <int kBits>
HWY_ATTR void PackRun(const EncodeRun& run, size_t count, uint8_t* HWY_RESTRICT packed) {
  for (size_t i = 0; i < count; ++i) {
    const size_t slack = (count - 1 - i) * 16 * kBits;
    PackBlockCodes<kBits>(run.codes + i * kBlock, slack, packed + i * 16 * kBits);
  }
}

inline HWY_ATTR void PackRunOf(int bits, const EncodeRun& run, size_t count, uint8_t* packed) {
  switch (bits) {
    case 1:
      return PackRun<1>(run, count, packed);
    case 2:
      return PackRun<2>(run, count, packed);
    case 3:
      return PackRun<3>(run, count, packed);
    case 4:
      return PackRun<4>(run, count, packed);
    case 5:
      return PackRun<5>(run, count, packed);
    case 6:
      return PackRun<6>(run, count, packed);
    case 7:
      return PackRun<7>(run, count, packed);
    default:
      return PackRun<8>(run, count, packed);
  }
}

template <class Finder>
HWY_ATTR size_t EncodeWith(const EncodeArguments& args) {
  const Finder finder(*args.cells);
  const int bits = args.cells->table.bits();
  const codec::SearchPlan& plan = codec::SearchPlanFor(bits);
  EncodeRun run;
  for (size_t begin = 0; begin < args.count; begin += kRun) {
    const size_t count = HWY_MIN(kRun, args.count - begin);
    codec::BlockSums* sums = args.sums + begin;
    const size_t good = TransformRun(args.weights + begin * kBlock, count, run, sums);
    if (args.rule == codec::ScaleRule::kSearch) {
      TryFactors<Finder, codec::SearchPlan::kCoarse, false>(finder, plan.coarse, good, run);
      TryFactors<Finder, codec::SearchPlan::kFine, true>(finder, plan.fine, good, run);
    }
    FinishRun(finder, args.rule, good, run, args.multipliers + begin * 2, sums);
    PackRunOf(bits, run, good, args.packed + begin * 16 * static_cast<size_t>(bits));
    if (good < count) return begin + good;
  }
  return args.count;
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
