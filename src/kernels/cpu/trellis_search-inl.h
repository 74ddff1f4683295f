// The Viterbi search of codec::EncodeGroup, a group of 64 coordinates in each 16-bit lane. All
// arithmetic is on integers, so any number of lanes gives the same paths.
//
// A trial costs for each coordinate four lookups of two levels, four squared distances and eight
// add-compare-selects. Only sums are kept; the winning trial is run once more with its decisions.
#if defined(HLWQ_KERNELS_CPU_TRELLIS_SEARCH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_TRELLIS_SEARCH_INL_H_
#undef HLWQ_KERNELS_CPU_TRELLIS_SEARCH_INL_H_
#else
#define HLWQ_KERNELS_CPU_TRELLIS_SEARCH_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/cpu/lanes-inl.h"
#include "kernels/trellis_cells.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

using DWord = hn::CappedTag<int16_t, 32>;
using DUWord = hn::RebindToUnsigned<DWord>;
using VWord = hn::Vec<DWord>;
using VUWord = hn::Vec<DUWord>;
constexpr size_t kWordLanes = hn::MaxLanes(DWord());

constexpr size_t kSteps = codec::kGroupSize;  // of a path
constexpr size_t kStates = codec::kTrellisStates;
constexpr size_t kSubsets = codec::kTrellisSubsets;
constexpr size_t kRunGroups = 32;  // in work at once

// Groups side by side, the first axis along the path. Lanes without a group hold zeros.
struct TrellisLanes {
  alignas(64) int16_t x[kSteps][kRunGroups];
  alignas(64) uint16_t numbers[kSteps][kSubsets][kRunGroups];  // of the nearest levels
  alignas(64) uint16_t decisions[kSteps][kRunGroups];          // bit s: u_(t-3) of state s's best
  alignas(64) uint16_t paths[kSteps / 16][kRunGroups];
  alignas(64) uint16_t levels[kSteps][kRunGroups];  // numbers of those that the path takes
};

// Words of 32 entries, looked up by lanes below 32.
class CellTable {
 public:
#if HWY_TARGET <= HWY_AVX3
  explicit HWY_INLINE CellTable(const TrellisCells::Words& words)
      : words_(hn::Load(DWord(), words.data())) {}
  HWY_INLINE VWord operator()(VWord cell) const {
    return VWord{_mm512_permutexvar_epi16(cell.raw, words_.raw)};
  }

 private:
  VWord words_;
#else
  explicit HWY_INLINE CellTable(const TrellisCells::Words& words) {
    alignas(64) uint8_t low[TrellisCells::kCells];
    alignas(64) uint8_t high[TrellisCells::kCells];
    for (size_t i = 0; i < TrellisCells::kCells; ++i) {
      low[i] = static_cast<uint8_t>(words[i]);
      high[i] = static_cast<uint8_t>(static_cast<uint16_t>(words[i]) >> 8);
    }
    for (size_t half = 0; half < 2; ++half) {
      low_[half] = hn::LoadDup128(DByte(), low + 16 * half);
      high_[half] = hn::LoadDup128(DByte(), high + 16 * half);
    }
  }
  HWY_INLINE VWord operator()(VWord cell) const {
    const auto both = hn::BitCast(DByte(), hn::Or(cell, hn::ShiftLeft<8>(cell)));
    const auto index = hn::And(both, hn::Set(DByte(), 15));
    const auto is_upper = hn::TestBit(both, hn::Set(DByte(), 16));
    const auto low = hn::IfThenElse(is_upper, hn::TableLookupBytes(low_[1], index),
                                    hn::TableLookupBytes(low_[0], index));
    const auto high = hn::IfThenElse(is_upper, hn::TableLookupBytes(high_[1], index),
                                     hn::TableLookupBytes(high_[0], index));
    const auto low_byte = hn::BitCast(DByte(), hn::Set(DWord(), 0x00FF));
    return hn::BitCast(DWord(), hn::Or(hn::And(low, low_byte), hn::AndNot(low_byte, high)));
  }

 private:
  using DByte = hn::Repartition<uint8_t, DWord>;
  hn::Vec<DByte> low_[2], high_[2];
#endif
};

// Two values that trade places where the coordinate is negative.
HWY_INLINE void Mirror(hn::Mask<DUWord> is_negative, VUWord& a, VUWord& b) {
  const VUWord was = a;
  a = hn::IfThenElse(is_negative, b, a);
  b = hn::IfThenElse(is_negative, was, b);
}

class TrellisSearcher {
 public:
  explicit HWY_INLINE TrellisSearcher(const TrellisCells& cells)
      : low_{CellTable(cells.subsets[0].low), CellTable(cells.subsets[1].low),
             CellTable(cells.subsets[2].low), CellTable(cells.subsets[3].low)},
        high_{CellTable(cells.subsets[0].high), CellTable(cells.subsets[1].high),
              CellTable(cells.subsets[2].high), CellTable(cells.subsets[3].high)},
        cells_(cells),
        most_z_(hn::Set(DWord(), static_cast<int16_t>(cells.table.most_z()))),
        cell_shift_(cells.cell_shift) {}

  // The least sum of squared distances of each lane's group, from lane `first`.
  HWY_INLINE void Try(const TrellisLanes& lanes, const int16_t* HWY_RESTRICT factors, size_t first,
                      uint16_t* HWY_RESTRICT costs) const {
    VUWord sums[kStates], next[kStates];
    Begin(sums);
    const VWord factor = hn::Load(DWord(), factors + first);
    const auto step = [&](size_t t, const VUWord(&from)[kStates], VUWord(&to)[kStates]) HWY_ATTR {
      VUWord distance[kSubsets];
      const VWord z = hn::MulFixedPoint15(hn::Load(DWord(), &lanes.x[t][first]), factor);
      const VWord magnitude = hn::Min(hn::Abs(z), most_z_);
      const VWord cell = hn::ShiftRightSame(magnitude, cell_shift_);
      HWY_UNROLL(4)
      for (size_t subset = 0; subset < kSubsets; ++subset) {
        distance[subset] = Squared(hn::Min(Distance(magnitude, low_[subset](cell)),
                                           Distance(magnitude, high_[subset](cell))));
      }
      MirrorAll(z, distance);
      Step<false>(distance, from, to, nullptr);
    };
    for (size_t t = 0; t < kSteps; t += 2) {  // by twos, so that sums need not move
      step(t, sums, next);
      step(t + 1, next, sums);
    }
    VUWord state;
    hn::Store(Least(sums, state), DUWord(), costs + first);
  }

  // The same, and the paths and levels of the least sums.
  HWY_INLINE void Walk(const int16_t* HWY_RESTRICT factors, size_t first,
                       TrellisLanes& lanes) const {
    const CellTable low_number[kSubsets] = {
        CellTable(cells_.subsets[0].low_number), CellTable(cells_.subsets[1].low_number),
        CellTable(cells_.subsets[2].low_number), CellTable(cells_.subsets[3].low_number)};
    const CellTable high_number[kSubsets] = {
        CellTable(cells_.subsets[0].high_number), CellTable(cells_.subsets[1].high_number),
        CellTable(cells_.subsets[2].high_number), CellTable(cells_.subsets[3].high_number)};
    const VUWord last = hn::Set(DUWord(), static_cast<uint16_t>(cells_.table.levels().size() - 1));
    VUWord sums[kStates], next[kStates];
    Begin(sums);
    const VWord factor = hn::Load(DWord(), factors + first);
    for (size_t t = 0; t < kSteps; ++t) {
      VUWord distance[kSubsets];
      VUWord number[kSubsets];
      const VWord z = hn::MulFixedPoint15(hn::Load(DWord(), &lanes.x[t][first]), factor);
      const VWord magnitude = hn::Min(hn::Abs(z), most_z_);
      const VWord cell = hn::ShiftRightSame(magnitude, cell_shift_);
      HWY_UNROLL(4)
      for (size_t subset = 0; subset < kSubsets; ++subset) {
        const VWord to_low = Distance(magnitude, low_[subset](cell));
        const VWord to_high = Distance(magnitude, high_[subset](cell));
        distance[subset] = Squared(hn::Min(to_low, to_high));
        number[subset] =
            hn::BitCast(DUWord(), hn::IfThenElse(hn::Lt(to_high, to_low), high_number[subset](cell),
                                                 low_number[subset](cell)));
      }
      MirrorAll(z, distance);
      MirrorAll(z, number);
      const auto is_negative = hn::RebindMask(DUWord(), hn::Lt(z, hn::Zero(DWord())));
      HWY_UNROLL(4)
      for (size_t subset = 0; subset < kSubsets; ++subset) {
        const VUWord mirrored = hn::Sub(last, number[subset]);
        hn::Store(hn::IfThenElse(is_negative, mirrored, number[subset]), DUWord(),
                  &lanes.numbers[t][subset][first]);
      }
      Step<true>(distance, sums, next, &lanes.decisions[t][first]);
      HWY_UNROLL(8)
      for (size_t state = 0; state < kStates; ++state) sums[state] = next[state];
    }
    VUWord state;
    Least(sums, state);
    TraceBack(state, first, lanes);
    TakeLevels(first, lanes);
  }

 private:
  static HWY_INLINE void Begin(VUWord (&sums)[kStates]) {
    sums[0] = hn::Zero(DUWord());
    for (size_t state = 1; state < kStates; ++state) sums[state] = hn::Set(DUWord(), 0xFFFF);
  }
  static HWY_INLINE VWord Distance(VWord z, VWord level) { return hn::Abs(hn::Sub(z, level)); }
  static HWY_INLINE VUWord Squared(VWord distance) {
    const VUWord counted = hn::BitCast(
        DUWord(), hn::Min(distance, hn::Set(DWord(), int16_t{codec::TrellisTable::kMostDistance})));
    return hn::Mul(counted, counted);
  }
  static HWY_INLINE void MirrorAll(VWord z, VUWord (&of_subset)[kSubsets]) {
    const auto is_negative = hn::RebindMask(DUWord(), hn::Lt(z, hn::Zero(DWord())));
    Mirror(is_negative, of_subset[0], of_subset[3]);
    Mirror(is_negative, of_subset[1], of_subset[2]);
  }

  // Add, compare, select: into each of the states (u_t, u_(t-1), u_(t-2)) from the two before it,
  // (u_(t-1), u_(t-2), 0 or 1). The first wins a tie.
  template <bool kRecord>
  static HWY_INLINE void Step(const VUWord (&distance)[kSubsets], const VUWord (&sums)[kStates],
                              VUWord (&next)[kStates], uint16_t* HWY_RESTRICT decisions) {
    VUWord taken = hn::Zero(DUWord());
    HWY_UNROLL(8)
    for (size_t state = 0; state < kStates; ++state) {
      const size_t from = state << 1 & (kStates - 1);
      const size_t subset = 2 * ((state >> 2 ^ state >> 1) & 1) + (state & 1);
      const VUWord zero = hn::SaturatedAdd(sums[from], distance[subset]);
      const VUWord one = hn::SaturatedAdd(sums[from + 1], distance[subset ^ 2]);
      next[state] = hn::Min(zero, one);
      if constexpr (kRecord) {
        const VUWord bit = hn::Set(DUWord(), static_cast<uint16_t>(1u << state));
        taken = hn::Or(taken, hn::IfThenElseZero(hn::Lt(one, zero), bit));
      }
    }
    if constexpr (kRecord) hn::Store(taken, DUWord(), decisions);
  }

  // The least of the sums, and the lowest state that has it.
  static HWY_INLINE VUWord Least(const VUWord (&sums)[kStates], VUWord& state) {
    VUWord least = sums[0];
    state = hn::Zero(DUWord());
    for (size_t s = 1; s < kStates; ++s) {
      const auto is_less = hn::Lt(sums[s], least);
      state = hn::IfThenElse(is_less, hn::Set(DUWord(), static_cast<uint16_t>(s)), state);
      least = hn::Min(least, sums[s]);
    }
    return least;
  }

  static HWY_INLINE void TraceBack(VUWord state, size_t first, TrellisLanes& lanes) {
    const VUWord one = hn::Set(DUWord(), 1);
    const VUWord in_state = hn::Set(DUWord(), kStates - 1);
    const hn::Repartition<uint8_t, DUWord> d8;
    alignas(16) static constexpr uint8_t kBits[16] = {1, 2, 4, 8, 16, 32, 64, 128};
    const auto bits = hn::LoadDup128(d8, kBits);
    for (size_t word = kSteps / 16; word-- > 0;) {
      VUWord path = hn::Zero(DUWord());
      for (size_t bit = 16; bit-- > 0;) {
        path = hn::Or(hn::Add(path, path), hn::ShiftRight<2>(state));
        const VUWord taken = hn::Load(DUWord(), &lanes.decisions[16 * word + bit][first]);
        // Decisions have no high bytes, so what these look up does not matter.
        const VUWord bit_of_state =
            hn::BitCast(DUWord(), hn::TableLookupBytes(bits, hn::BitCast(d8, state)));
        const VUWord oldest = hn::Min(hn::And(taken, bit_of_state), one);
        state = hn::Or(hn::And(hn::Add(state, state), in_state), oldest);
      }
      hn::Store(path, DUWord(), &lanes.paths[word][first]);
    }
  }

  static HWY_INLINE void TakeLevels(size_t first, TrellisLanes& lanes) {
    const VUWord one = hn::Set(DUWord(), 1);
    VUWord u1 = hn::Zero(DUWord());
    VUWord u2 = u1;
    VUWord u3 = u1;
    for (size_t t = 0; t < kSteps; ++t) {
      const VUWord word = hn::Load(DUWord(), &lanes.paths[t / 16][first]);
      const VUWord u = hn::And(hn::ShiftRightSame(word, static_cast<int>(t % 16)), one);
      const auto is_high = hn::Eq(hn::Xor(hn::Xor(u, u1), u3), one);
      const auto is_odd = hn::Eq(u2, one);
      const auto number = [&](size_t subset) HWY_ATTR {
        return hn::Load(DUWord(), &lanes.numbers[t][subset][first]);
      };
      const VUWord lower = hn::IfThenElse(is_odd, number(1), number(0));
      const VUWord upper = hn::IfThenElse(is_odd, number(3), number(2));
      hn::Store(hn::IfThenElse(is_high, upper, lower), DUWord(), &lanes.levels[t][first]);
      u3 = u2;
      u2 = u1;
      u1 = u;
    }
  }

  CellTable low_[kSubsets], high_[kSubsets];
  const TrellisCells& cells_;
  VWord most_z_;
  int cell_shift_;
};

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
