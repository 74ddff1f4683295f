// The trellis encoder on a run of sixteen blocks: coordinates are laid side by side, a group in each
// lane, for the search, and back in rows for the sums in the order of the format.
#if defined(HLWQ_KERNELS_CPU_ENCODE_TRELLIS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_ENCODE_TRELLIS_INL_H_
#undef HLWQ_KERNELS_CPU_ENCODE_TRELLIS_INL_H_
#else
#define HLWQ_KERNELS_CPU_ENCODE_TRELLIS_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"
#include "kernels/cpu/encode_trellis_arguments.h"
#include "kernels/cpu/float_rows-inl.h"
#include "kernels/cpu/fwht-inl.h"
#include "kernels/cpu/lookup-inl.h"
#include "kernels/cpu/trellis_block-inl.h"
#include "kernels/cpu/trellis_scales-inl.h"
#include "kernels/cpu/trellis_search-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

constexpr size_t kGroupVectors = kVectors / kGroupsPerBlock;
constexpr size_t kRunBlocks = kRunGroups / kGroupsPerBlock;

// Terms of groups, summed as codec::SumGroup does.
class GroupSumsOfRun {
 public:
  // `term(j)` is vector j of the group.
  template <class Term>
  HWY_INLINE void Add(size_t group, Term term) {
    AddVectors(group, term, std::make_index_sequence<kGroupVectors>());
  }
  // For all groups up to `count`.
  HWY_INLINE void Finish(size_t count, float* HWY_RESTRICT sums) const {
    for (size_t group = 0; group < count; group += 4) FinishSums(rows_ + 4 * group, sums + group);
  }

 private:
  template <class Term, size_t... kIndex>
  HWY_INLINE void AddVectors(size_t group, Term term, std::index_sequence<kIndex...>) {
    BlockSum sum;
    (sum.Add<kIndex>(term(kIndex)), ...);
    sum.StoreFour(rows_ + 4 * group);
  }

  alignas(64) float rows_[kRunGroups * 4];
};

template <class Format>
HWY_ATTR void TransformWith(const uint8_t* HWY_RESTRICT weights, size_t count,
                            float* HWY_RESTRICT v, codec::GroupShape* HWY_RESTRICT shapes) {
  GroupSumsOfRun energies;
  alignas(64) float energy[kRunGroups];
  float peaks[kRunGroups];
  for (size_t begin = 0; begin < count; begin += kRunBlocks) {
    const size_t blocks = HWY_MIN(kRunBlocks, count - begin);
    for (size_t i = 0; i < blocks; ++i) {
      const size_t at = begin + i;
      BlockVectors block;
      for (size_t j = 0; j < kVectors; ++j) {
        block.v[j] = Format::Load(weights + (at * kBlock + j * kLanes) * Format::kBytes);
      }
      Fwht128(block);
      StoreBlock(block, v + at * kBlock);
      for (size_t half = 0; half < kGroupsPerBlock; ++half) {
        const VF* group = block.v + half * kGroupVectors;
        energies.Add(kGroupsPerBlock * i + half,
                     [&](size_t j) HWY_ATTR { return hn::Mul(group[j], group[j]); });
        VF largest = hn::Abs(group[0]);
        for (size_t j = 1; j < kGroupVectors; ++j) largest = hn::Max(largest, hn::Abs(group[j]));
        peaks[kGroupsPerBlock * i + half] = MaxLane(largest);
      }
    }
    energies.Finish(kGroupsPerBlock * blocks, energy);
    for (size_t i = 0; i < kGroupsPerBlock * blocks; ++i) {
      shapes[kGroupsPerBlock * begin + i] = {energy[i], codec::ReachOf(peaks[i], energy[i])};
    }
  }
}

// What is known of the groups of a run.
struct TrellisRun {
  TrellisLanes lanes;
  alignas(64) int16_t factors[kRunGroups] = {};
  alignas(64) uint8_t numbers[kRunGroups * kSteps];  // of the levels, in rows
  alignas(64) float levels[kRunGroups * kSteps];
  alignas(64) float along[kRunGroups];
  alignas(64) float squares[kRunGroups];
  alignas(64) float errors[kRunGroups];
  float multipliers[kRunGroups];
  uint8_t scales[kRunGroups];
  bool is_zero[kRunGroups];
};

using DTile = hn::FixedTag<uint16_t, 8>;
using VTile = hn::Vec<DTile>;

// Eight rows of eight words, transposed.
HWY_INLINE void Transpose8(VTile (&rows)[8]) {
  const DTile d;
  VTile pairs[8], fours[8];
  for (size_t i = 0; i < 4; ++i) {
    pairs[2 * i] = hn::InterleaveLower(d, rows[i], rows[i + 4]);
    pairs[2 * i + 1] = hn::InterleaveUpper(d, rows[i], rows[i + 4]);
  }
  for (size_t i = 0; i < 4; ++i) {
    fours[2 * i] = hn::InterleaveLower(d, pairs[i], pairs[i + 4]);
    fours[2 * i + 1] = hn::InterleaveUpper(d, pairs[i], pairs[i + 4]);
  }
  for (size_t i = 0; i < 4; ++i) {
    rows[2 * i] = hn::InterleaveLower(d, fours[i], fours[i + 4]);
    rows[2 * i + 1] = hn::InterleaveUpper(d, fours[i], fours[i + 4]);
  }
}

// Fixed point, and the groups side by side.
HWY_INLINE void LayOut(const TrellisRunInput& in, TrellisRun& run) {
  const hn::Rebind<int16_t, DF> narrow;
  alignas(64) int16_t rows[8][kSteps];
  for (size_t first = 0; first < kRunGroups; first += 8) {
    for (size_t i = 0; i < 8; ++i) {
      const size_t group = first + i;
      if (group >= in.groups) {
        std::memset(rows[i], 0, sizeof(rows[i]));
        continue;
      }
      run.is_zero[group] = !(in.shapes[group].reach >= codec::kLeastReach);
      const VF to_steps =
          hn::Set(DF(), run.is_zero[group] ? 0.0f : codec::kReachSteps / in.shapes[group].reach);
      for (size_t j = 0; j < kGroupVectors; ++j) {
        const VF v = hn::LoadU(DF(), in.v + group * kSteps + j * kLanes);
        hn::Store(hn::DemoteTo(narrow, hn::NearestInt(hn::Mul(v, to_steps))), narrow,
                  rows[i] + j * kLanes);
      }
    }
    for (size_t t = 0; t < kSteps; t += 8) {
      const hn::RebindToSigned<DTile> words;
      VTile tile[8];
      for (size_t i = 0; i < 8; ++i) tile[i] = hn::BitCast(DTile(), hn::Load(words, rows[i] + t));
      Transpose8(tile);
      for (size_t i = 0; i < 8; ++i) {
        hn::Store(hn::BitCast(words, tile[i]), words, &run.lanes.x[t + i][first]);
      }
    }
  }
}

// Leaves the winners' scales and factors.
HWY_INLINE void SearchScales(const TrellisSearcher& searcher, const codec::TrellisTable& table,
                             const codec::TrellisSearch& search, const TrellisRunInput& in,
                             TrellisRun& run) {
  alignas(64) int16_t factors[kRunGroups];
  alignas(64) uint16_t costs[kRunGroups] = {};
  ScaleChoice choice(table, in);
  for (int trial = 0; trial < search.count; ++trial) {
    choice.Factors(search.Offset(trial), factors);
    for (size_t first = 0; first < in.groups; first += kWordLanes) {
      searcher.Try(run.lanes, factors, first, costs);
    }
    choice.Consider(trial == 0, factors, costs, run.factors);
  }
  for (size_t group = 0; group < in.groups; ++group) run.scales[group] = choice.Scale(group);
}

// Numbers of levels back in rows, and the levels.
template <int kBits>
HWY_INLINE void TakeRows(const TrellisCells& cells, size_t groups, TrellisRun& run) {
  const Lookup<float, (kBits <= 3 ? 16 : size_t{2} << kBits)> levels(cells.levels.get());
  const hn::Rebind<uint8_t, DF> d8;
  const hn::Rebind<uint8_t, DTile> bytes;
  const hn::RebindToSigned<DTile> words;
  for (size_t first = 0; first < groups; first += 8) {
    for (size_t t = 0; t < kSteps; t += 8) {
      VTile tile[8];
      for (size_t i = 0; i < 8; ++i) tile[i] = hn::Load(DTile(), &run.lanes.levels[t + i][first]);
      Transpose8(tile);
      for (size_t i = 0; i < 8; ++i) {
        hn::Store(hn::DemoteTo(bytes, hn::BitCast(words, tile[i])), bytes,
                  run.numbers + (first + i) * kSteps + t);
      }
    }
  }
  for (size_t at = 0; at < groups * kSteps; at += kLanes) {
    const VI number = hn::PromoteTo(DI(), hn::Load(d8, run.numbers + at));
    hn::Store(levels(number), DF(), run.levels + at);
  }
}

// The least-squares multiplier of the levels.
HWY_INLINE void FitScales(const TrellisRunInput& in, TrellisRun& run) {
  GroupSumsOfRun along, squares;
  for (size_t group = 0; group < in.groups; ++group) {
    const float* v = in.v + group * kSteps;
    const float* levels = run.levels + group * kSteps;
    along.Add(group, [&](size_t j) HWY_ATTR {
      return hn::Mul(hn::LoadU(DF(), v + j * kLanes), hn::Load(DF(), levels + j * kLanes));
    });
    squares.Add(group, [&](size_t j) HWY_ATTR {
      const VF level = hn::Load(DF(), levels + j * kLanes);
      return hn::Mul(level, level);
    });
  }
  along.Finish(in.groups, run.along);
  squares.Finish(in.groups, run.squares);
  for (size_t group = 0; group < in.groups; ++group) {
    if (run.is_zero[group]) continue;
    if (run.along[group] > 0) {
      run.scales[group] =
          codec::GroupScaleFor(run.along[group] / run.squares[group] / in.RowScale(group));
    }
    run.multipliers[group] = in.RowScale(group) * codec::GroupFactor(run.scales[group]);
  }
}

// v - m levels, one vector.
HWY_INLINE VF ErrorAt(const float* HWY_RESTRICT v, const float* HWY_RESTRICT levels, VF multiplier,
                      size_t j) {
  return hn::Sub(hn::LoadU(DF(), v + j * kLanes),
                 hn::Mul(multiplier, hn::Load(DF(), levels + j * kLanes)));
}

// Squared errors of groups; those that lose nothing by being zero become zero.
HWY_INLINE void MeasureGroups(const TrellisRunInput& in, size_t middle_number, TrellisRun& run) {
  GroupSumsOfRun errors;
  for (size_t group = 0; group < in.groups; ++group) {
    const VF multiplier = hn::Set(DF(), run.is_zero[group] ? 0.0f : run.multipliers[group]);
    errors.Add(group, [&](size_t j) HWY_ATTR {
      const VF error = ErrorAt(in.v + group * kSteps, run.levels + group * kSteps, multiplier, j);
      return hn::Mul(error, error);
    });
  }
  errors.Finish(in.groups, run.errors);
  for (size_t group = 0; group < in.groups; ++group) {
    if (!run.is_zero[group] && run.errors[group] < in.shapes[group].energy) continue;
    run.scales[group] = codec::kZeroGroup;
    run.multipliers[group] = 0;
    run.along[group] = run.squares[group] = 0;
    run.errors[group] = in.shapes[group].energy;
    std::memset(run.numbers + group * kSteps, static_cast<int>(middle_number), kSteps);
    for (auto& path : run.lanes.paths) path[group] = 0;
  }
}

HWY_INLINE void StoreSums(const TrellisRunInput& in, const TrellisRun& run,
                          codec::TrellisBlockSums* HWY_RESTRICT sums) {
  for (size_t group = 0; group < in.groups; ++group) {
    sums[group / kGroupsPerBlock].groups[group % kGroupsPerBlock] = {
        run.along[group], run.squares[group], run.errors[group]};
  }
  for (size_t block = 0; block < in.groups / kGroupsPerBlock; ++block) {
    BlockVectors error;
    for (size_t half = 0; half < kGroupsPerBlock; ++half) {
      const size_t group = kGroupsPerBlock * block + half;
      const VF multiplier = hn::Set(DF(), run.multipliers[group]);
      for (size_t j = 0; j < kGroupVectors; ++j) {
        error.v[half * kGroupVectors + j] =
            ErrorAt(in.v + group * kSteps, run.levels + group * kSteps, multiplier, j);
      }
    }
    Fwht128(error);
    VF largest = hn::Zero(DF());
    for (size_t j = 0; j < kVectors; ++j) largest = hn::Max(largest, hn::Abs(error.v[j]));
    sums[block].max_error = MaxLane(largest) * (1.0f / kBlock);
  }
}

template <int kBits>
HWY_INLINE void PackBlocks(const TrellisRun& run, size_t blocks, uint8_t* HWY_RESTRICT codes) {
  for (size_t block = 0; block < blocks; ++block) {
    uint64_t paths[kGroupsPerBlock] = {};
    for (size_t half = 0; half < kGroupsPerBlock; ++half) {
      for (size_t word = 0; word < kSteps / 16; ++word) {
        const uint64_t bits = run.lanes.paths[word][kGroupsPerBlock * block + half];
        paths[half] |= bits << 16 * word;
      }
    }
    PackCells<kBits>(run.numbers + block * kBlock, paths,
                     codes + block * codec::TrellisBlockBytes(kBits));
  }
}

template <int kBits>
HWY_ATTR void EncodeTrellisWith(const EncodeTrellisArguments& args) {
  const TrellisCells& cells = *args.cells;
  const TrellisSearcher searcher(cells);
  TrellisRun run;
  for (size_t begin = 0; begin < args.count; begin += kRunBlocks) {
    const size_t blocks = HWY_MIN(kRunBlocks, args.count - begin);
    const TrellisRunInput in = {args.v + begin * kBlock, args.shapes + begin * kGroupsPerBlock,
                                args.row_scales + begin, blocks * kGroupsPerBlock};
    LayOut(in, run);
    SearchScales(searcher, cells.table, *args.search, in, run);
    for (size_t first = 0; first < in.groups; first += kWordLanes) {
      searcher.Walk(run.factors, first, run.lanes);
    }
    TakeRows<kBits>(cells, in.groups, run);
    FitScales(in, run);
    MeasureGroups(in, cells.table.levels().size() / 2, run);
    StoreSums(in, run, args.sums + begin);
    PackBlocks<kBits>(run, blocks, args.codes + begin * codec::TrellisBlockBytes(kBits));
    std::memcpy(args.scales + begin * kGroupsPerBlock, run.scales, in.groups);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
