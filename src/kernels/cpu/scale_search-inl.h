// codec::SearchScale for one block: the same integers, so the same choice, in any order of sums.
#if defined(HLWQ_KERNELS_CPU_SCALE_SEARCH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_SCALE_SEARCH_INL_H_
#undef HLWQ_KERNELS_CPU_SCALE_SEARCH_INL_H_
#else
#define HLWQ_KERNELS_CPU_SCALE_SEARCH_INL_H_
#endif

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/cpu/fwht-inl.h"
#include "kernels/search_cells.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// Any table: 32-bit lanes, the level by one gather.
class GatherTrials {
 public:
  struct Block {
    VI x[kVectors];
  };

  explicit HWY_INLINE GatherTrials(const SearchCells& cells)
      : lookup_(cells.lookup.get()),
        by_magnitude_(cells.table.by_magnitude),
        low_(hn::Set(DI(), cells.low)),
        high_(hn::Set(DI(), cells.high)) {}

  // x * 2^11 to nearest, of a block of v = x / inverse.
  HWY_INLINE Block Prepare(const float* HWY_RESTRICT v, VF inverse) const {
    Block block;
    const VF units = hn::Set(DF(), codec::kCoordinateUnits);
    for (size_t j = 0; j < kVectors; ++j) {
      VF x = hn::Mul(hn::LoadU(DF(), v + j * kLanes), inverse);
      if (by_magnitude_) x = hn::Abs(x);
      block.x[j] = hn::NearestInt(hn::Mul(x, units));
    }
    return block;
  }

  // Four partial sums of x c, then four of c^2.
  HWY_INLINE void Try(const Block& block, int16_t factor, int32_t* HWY_RESTRICT along_row,
                      int32_t* HWY_RESTRICT level_row) const {
    const VI scale = hn::Set(DI(), factor);
    const VI rounding = hn::Set(DI(), 1 << 14);
    VI along = hn::Zero(DI());
    VI levels = hn::Zero(DI());
    for (size_t j = 0; j < kVectors; ++j) {
      const VI scaled = hn::ShiftRight<15>(hn::Add(hn::Mul(block.x[j], scale), rounding));
      const VI z = hn::Max(hn::Min(scaled, high_), low_);
      const VI c = hn::GatherIndex(DI(), lookup_, hn::Sub(z, low_));
      along = hn::Add(along, hn::Mul(block.x[j], c));
      levels = hn::Add(levels, hn::Mul(c, c));
    }
    StoreHalved(DI(), along, along_row);
    StoreHalved(DI(), levels, level_row);
  }

 private:
  const int32_t* lookup_;
  bool by_magnitude_;
  VI low_, high_;
};

#if HWY_TARGET <= HWY_AVX3

// Small tables by magnitude: 16-bit lanes, everything in registers. kCells 32 or 64.
template <int kCells>
class PermuteTrials {
 public:
  static constexpr size_t kWords = 32;  // 16-bit lanes of a vector
  struct Block {
    __m512i x[kBlock / kWords];
  };

  explicit HWY_INLINE PermuteTrials(const SearchCells& cells)
      : levels_(_mm512_load_si512(cells.levels.data())),
        high_(_mm512_set1_epi16(cells.cell_high)),
        shift_(_mm_cvtsi32_si128(cells.cell_shift)) {
    for (int i = 0; i < kCells / 32; ++i) {
      thresholds_[i] = _mm512_load_si512(cells.thresholds.data() + 32 * i);
      bases_[i] = _mm512_load_si512(cells.bases.data() + 32 * i);
    }
  }

  // The order of coordinates is not kept: only sums are taken.
  HWY_INLINE Block Prepare(const float* HWY_RESTRICT v, VF inverse) const {
    Block block;
    const VF units = hn::Set(DF(), codec::kCoordinateUnits);
    const auto fixed = [&](size_t j) HWY_ATTR {
      const VF x = hn::Abs(hn::Mul(hn::LoadU(DF(), v + j * kLanes), inverse));
      return hn::NearestInt(hn::Mul(x, units)).raw;
    };
    for (size_t j = 0; j < kBlock / kWords; ++j) {
      block.x[j] = _mm512_packs_epi32(fixed(2 * j), fixed(2 * j + 1));
    }
    return block;
  }

  HWY_INLINE void Try(const Block& block, int16_t factor, int32_t* HWY_RESTRICT along_row,
                      int32_t* HWY_RESTRICT level_row) const {
    const __m512i scale = _mm512_set1_epi16(factor);
    const __m512i one = _mm512_set1_epi16(1);
    __m512i along = _mm512_setzero_si512();
    __m512i levels = _mm512_setzero_si512();
    for (size_t j = 0; j < kBlock / kWords; ++j) {
      const __m512i z = _mm512_min_epi16(_mm512_mulhrs_epi16(block.x[j], scale), high_);
      const __m512i cell = _mm512_srl_epi16(z, shift_);
      const __mmask32 above = _mm512_cmpgt_epi16_mask(z, Permute(thresholds_, cell));
      const __m512i base = Permute(bases_, cell);
      const __m512i number = _mm512_mask_add_epi16(base, above, base, one);
      const __m512i c = _mm512_permutexvar_epi16(number, levels_);
      along = AddProducts(along, block.x[j], c);
      levels = AddProducts(levels, c, c);
    }
    StoreHalved(DI(), VI{along}, along_row);
    StoreHalved(DI(), VI{levels}, level_row);
  }

 private:
  static HWY_INLINE __m512i Permute(const __m512i (&table)[kCells / 32], __m512i index) {
    if constexpr (kCells == 32) {
      return _mm512_permutexvar_epi16(index, table[0]);
    } else {
      return _mm512_permutex2var_epi16(table[0], index, table[1]);
    }
  }

  // sum + a b over pairs of words.
  static HWY_INLINE __m512i AddProducts(__m512i sum, __m512i a, __m512i b) {
#if HWY_TARGET == HWY_AVX3_DL
    // Highway asks the CPU for VNNI but not the compiler (1.0.3), which so refuses the intrinsic.
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
#else
    return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
#endif
  }

  __m512i thresholds_[kCells / 32], bases_[kCells / 32];
  __m512i levels_, high_;
  __m128i shift_;
};

#endif  // HWY_TARGET <= HWY_AVX3

// The best trial so far and how it was found: four floats, so that it is chosen as one vector.
struct alignas(16) BestTrial {
  codec::ScaleTrial trial;
  float score = -1;
  float factor = 1;
};
static_assert(sizeof(BestTrial) == 16);

// Partial sums of kCount (a multiple of four) trials -> the trials as floats and their scores.
template <size_t kCount>
struct TrialRows {
  alignas(64) int32_t along_rows[kCount * 4];
  alignas(64) int32_t level_rows[kCount * 4];
  alignas(64) float along[kCount];
  alignas(64) float levels[kCount];
  alignas(64) float score[kCount];

  HWY_INLINE void Finish(const codec::SearchTable& table) {
    const hn::FixedTag<float, 4> d;
    const auto least = hn::Set(d, 1e-30f);
    for (size_t k = 0; k < kCount; k += 4) {
      const auto a = hn::Mul(SumsOf(along_rows + 4 * k), hn::Set(d, table.along_unit));
      const auto l = hn::Mul(SumsOf(level_rows + 4 * k), hn::Set(d, table.levels_unit));
      const auto s =
          hn::IfThenElseZero(hn::Gt(a, hn::Zero(d)), hn::Div(hn::Mul(a, a), hn::Max(l, least)));
      hn::Store(a, d, along + k);
      hn::Store(l, d, levels + k);
      hn::Store(s, d, score + k);
    }
  }

 private:
  static HWY_INLINE hn::Vec<hn::FixedTag<float, 4>> SumsOf(const int32_t* HWY_RESTRICT rows) {
    const hn::FixedTag<int32_t, 4> di;
    hn::Vec<decltype(di)> a, b, c, d;
    hn::LoadInterleaved4(di, rows, a, b, c, d);
    return hn::ConvertTo(hn::FixedTag<float, 4>(), hn::Add(hn::Add(a, b), hn::Add(c, d)));
  }
};

// Tries center * factors, keeps the best. No branch depends on the scores: which trial wins cannot
// be predicted.
template <class Trials, size_t kCount>
HWY_INLINE void TryFactors(const Trials& trials, const codec::SearchTable& table,
                           const typename Trials::Block& block, float center,
                           const std::array<float, kCount>& factors, BestTrial& best) {
  TrialRows<kCount> rows;
  for (size_t k = 0; k < kCount; ++k) {
    trials.Try(block, codec::FactorToFixed(center * factors[k]), rows.along_rows + 4 * k,
               rows.level_rows + 4 * k);
  }
  rows.Finish(table);
  const hn::FixedTag<float, 4> d;
  auto highest = hn::Load(d, rows.score);
  for (size_t k = 4; k < kCount; k += 4) highest = hn::Max(highest, hn::Load(d, rows.score + k));
  highest = hn::MaxOfLanes(d, highest);
  uint32_t winners = 0;
  for (size_t k = 0; k < kCount; k += 4) {
    uint8_t bits[8] = {};
    hn::StoreMaskBits(d, hn::Eq(hn::Load(d, rows.score + k), highest), bits);
    winners |= uint32_t{bits[0]} << k;
  }
  const auto winner = static_cast<size_t>(std::countr_zero(winners));
  const BestTrial found = {
      {rows.along[winner], rows.levels[winner]}, rows.score[winner], center * factors[winner]};
  const auto before = hn::Load(d, &best.trial.along);
  const auto is_better = hn::Gt(highest, hn::Set(d, best.score));
  hn::Store(hn::IfThenElse(is_better, hn::Load(d, &found.trial.along), before), d,
            &best.trial.along);
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
