// The encoder on a run of blocks. Five passes, each over all blocks of the run, so that the long
// dependency at the end of one block's pass (sum, root, division) overlaps the next block's work:
//   1. transform and norm,  2. coarse scales,  3. fine scales,  4. codes and multiplier,  5.
//   errors.
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
#include "kernels/cpu/float_rows-inl.h"
#include "kernels/cpu/fwht-inl.h"
#include "kernels/cpu/level_finder-inl.h"
#include "kernels/cpu/scale_search-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// Blocks in work at once: weights, transforms and codes of a run fit the first-level cache.
constexpr size_t kRun = 16;

// What the passes hand to each other.
struct EncodeRun {
  alignas(64) float v[kRun * kBlock];       // Fwht128 of the weights
  alignas(64) float levels[kRun * kBlock];  // those of the codes
  alignas(64) uint8_t codes[kRun * kBlock];
  float norm[kRun];        // not below kNormFloor
  float multiplier[kRun];  // as decoded
  BestTrial best[kRun];
};

// Pass 1. Returns how many blocks can be stored before the first that cannot.
template <class Format>
HWY_ATTR size_t TransformRun(const uint8_t* HWY_RESTRICT weights, size_t count, EncodeRun& run,
                             codec::BlockSums* HWY_RESTRICT sums) {
  alignas(64) float rows[kRun * 4];
  alignas(64) float energy[kRun];
  for (size_t i = 0; i < count; ++i) {
    BlockVectors block;
    for (size_t j = 0; j < kVectors; ++j) {
      block.v[j] = Format::Load(weights + (i * kBlock + j * kLanes) * Format::kBytes);
    }
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

// `weights` are those of the run.
inline HWY_ATTR size_t TransformRunOf(DType dtype, const uint8_t* weights, size_t count,
                                      EncodeRun& run, codec::BlockSums* sums) {
  switch (dtype) {
    case DType::kBF16:
      return TransformRun<Bf16Format>(weights, count, run, sums);
    case DType::kF16:
      return TransformRun<F16Format>(weights, count, run, sums);
    default:
      return TransformRun<F32Format>(weights, count, run, sums);
  }
}

// Passes 2 and 3.
template <class Trials>
HWY_ATTR void SearchRun(const SearchCells& cells, const codec::SearchPlan& plan, size_t count,
                        EncodeRun& run) {
  const Trials trials(cells);
  typename Trials::Block blocks[kRun];
  for (size_t i = 0; i < count; ++i) {
    // Exact, so that x is rounded once as in the reference.
    const float to_units = 1.0f / run.norm[i] * codec::kCoordinateUnits;
    trials.Prepare(run.v + i * kBlock, hn::Set(DF(), to_units), blocks[i]);
    run.best[i] = BestTrial();
    TryFactors(trials, cells.table, blocks[i], 1.0f, plan.coarse, run.best[i]);
  }
  for (size_t i = 0; i < count; ++i) {
    const float center = codec::RefitFactor(run.best[i].trial, run.best[i].factor);
    TryFactors(trials, cells.table, blocks[i], center, plan.fine, run.best[i]);
  }
}

inline HWY_ATTR void SearchRunOf(const SearchCells& cells, int bits, size_t count, EncodeRun& run) {
  const codec::SearchPlan& plan = codec::SearchPlanFor(bits);
#if HWY_TARGET <= HWY_AVX3_DL || HWY_TARGET == HWY_AVX2
  if (cells.table.has_byte_grid) return SearchRun<ByteTrials>(cells, plan, count, run);
#endif
#if HWY_TARGET <= HWY_AVX3
  if (cells.cell_count > 0) {
    if (cells.cell_count <= 32) return SearchRun<PermuteTrials<32>>(cells, plan, count, run);
    return SearchRun<PermuteTrials<64>>(cells, plan, count, run);
  }
#endif
  SearchRun<GatherTrials>(cells, plan, count, run);
}

HWY_INLINE void StoreCodes(VI codes, uint8_t* HWY_RESTRICT to) {
#if HWY_TARGET <= HWY_AVX3  // no saturation: codes are bytes
  _mm_store_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(codes.raw));
#else
  const hn::Rebind<uint8_t, DF> d8;
  hn::StoreU(hn::DemoteTo(d8, codes), d8, to);
#endif
}

// Pass 4: codes of v * scale and the multiplier that fits them.
template <class Finder>
HWY_ATTR void CodeRun(const Finder& shared_finder, codec::ScaleRule rule, size_t count,
                      EncodeRun& run, uint8_t* HWY_RESTRICT multipliers,
                      codec::BlockSums* HWY_RESTRICT sums) {
  const Finder finder = shared_finder;  // in registers: no store can change a local
  const bool is_search = rule == codec::ScaleRule::kSearch;
  float scales[kRun];
  for (size_t i = 0; i < count; ++i) {
    scales[i] = 1.0f / run.norm[i];
    if (!is_search) continue;
    const float first = F16ToF32(codec::RefitMultiplier(run.best[i].trial, run.norm[i]));
    scales[i] = first > 0 ? 1.0f / first : 0.0f;
  }
  alignas(64) float along_rows[kRun * 4];
  alignas(64) float level_rows[kRun * 4];
  for (size_t i = 0; i < count; ++i) {
    const VF scale = hn::Set(DF(), scales[i]);
    BlockSum along, levels;
    ForEachVector([&](auto j) HWY_ATTR {
      const size_t at = i * kBlock + j * kLanes;
      const VF v = hn::Load(DF(), run.v + at);
      const FoundLevel found = finder.Find(hn::Mul(v, scale));
      along.Add<j>(hn::Mul(v, found.level));
      levels.Add<j>(hn::Mul(found.level, found.level));
      hn::Store(found.level, DF(), run.levels + at);
      StoreCodes(found.code, run.codes + at);
    });
    along.StoreFour(along_rows + 4 * i);
    levels.StoreFour(level_rows + 4 * i);
  }
  alignas(64) float along[kRun];
  alignas(64) float levels[kRun];
  for (size_t i = 0; i < count; i += 4) {
    FinishSums(along_rows + 4 * i, along + i);
    FinishSums(level_rows + 4 * i, levels + i);
  }
  for (size_t i = 0; i < count; ++i) {
    const uint16_t multiplier = is_search ? codec::RefitMultiplier({along[i], levels[i]}, 1.0f)
                                          : F32ToF16(std::sqrt(sums[i].energy * (1.0f / kBlock)));
    std::memcpy(multipliers + 2 * i, &multiplier, 2);
    run.multiplier[i] = F16ToF32(multiplier);
    sums[i].along = along[i];
    sums[i].levels = levels[i];
  }
}

// Pass 5: what the codes leave.
inline HWY_ATTR void MeasureRun(size_t count, const EncodeRun& run,
                                codec::BlockSums* HWY_RESTRICT sums) {
  alignas(64) float rows[kRun * 4];
  for (size_t i = 0; i < count; ++i) {
    const VF m = hn::Set(DF(), run.multiplier[i]);
    BlockVectors error;
    BlockSum squares;
    ForEachVector([&](auto j) HWY_ATTR {
      const size_t at = i * kBlock + j * kLanes;
      error.v[j] = hn::Sub(hn::Load(DF(), run.v + at), hn::Mul(m, hn::Load(DF(), run.levels + at)));
      squares.Add<j>(hn::Mul(error.v[j], error.v[j]));
    });
    squares.StoreFour(rows + 4 * i);
    Fwht128(error);
    VF largest = hn::Zero(DF());
    for (size_t j = 0; j < kVectors; ++j) largest = hn::Max(largest, hn::Abs(error.v[j]));
    sums[i].max_error = hn::GetLane(hn::MaxOfLanes(DF(), largest)) * (1.0f / kBlock);
  }
  alignas(64) float finished[kRun];
  for (size_t i = 0; i < count; i += 4) FinishSums(rows + 4 * i, finished + i);
  for (size_t i = 0; i < count; ++i) sums[i].error = finished[i];
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
  const size_t block_bytes = kBlock * BitsPerElement(args.dtype) / 8;
  EncodeRun run;
  for (size_t begin = 0; begin < args.count; begin += kRun) {
    const size_t count = HWY_MIN(kRun, args.count - begin);
    codec::BlockSums* sums = args.sums + begin;
    const size_t good =
        TransformRunOf(args.dtype, args.weights + begin * block_bytes, count, run, sums);
    if (args.rule == codec::ScaleRule::kSearch) SearchRunOf(args.cells->search, bits, good, run);
    CodeRun(finder, args.rule, good, run, args.multipliers + begin * 2, sums);
    MeasureRun(good, run, sums);
    PackRunOf(bits, run, good, args.packed + begin * 16 * static_cast<size_t>(bits));
    if (good < count) return begin + good;
  }
  return args.count;
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
