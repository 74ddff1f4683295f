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

// Of one trial: sums of x c and of c^2, spread over the lanes.
struct PartialSums {
  VI along, levels;
};

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

  // v * to_units to nearest.
  HWY_INLINE void Prepare(const float* HWY_RESTRICT v, VF to_units, Block& block) const {
    for (size_t j = 0; j < kVectors; ++j) {
      VF x = hn::Mul(hn::LoadU(DF(), v + j * kLanes), to_units);
      if (by_magnitude_) x = hn::Abs(x);
      block.x[j] = hn::NearestInt(x);
    }
  }

  HWY_INLINE PartialSums Try(const Block& block, int16_t factor) const {
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
    return {along, levels};
  }

 private:
  const int32_t* lookup_;
  bool by_magnitude_;
  VI low_, high_;
};

#if HWY_TARGET <= HWY_AVX3

// 32 of |v * to_units| to nearest. The order of coordinates is not kept: only sums are taken.
HWY_INLINE __m512i MagnitudeWords(const float* HWY_RESTRICT v, VF to_units) {
  const auto fixed = [&](const float* from) HWY_ATTR {
    return _mm512_cvtps_epi32(hn::Mul(hn::LoadU(DF(), from), to_units).raw);
  };
  return _mm512_abs_epi16(_mm512_packs_epi32(fixed(v), fixed(v + kLanes)));
}

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

  HWY_INLINE void Prepare(const float* HWY_RESTRICT v, VF to_units, Block& block) const {
    for (size_t j = 0; j < kBlock / kWords; ++j) {
      block.x[j] = MagnitudeWords(v + j * kWords, to_units);
    }
  }

  HWY_INLINE PartialSums Try(const Block& block, int16_t factor) const {
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
    return {VI{along}, VI{levels}};
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
#if HWY_TARGET <= HWY_AVX3_DL
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

#if HWY_TARGET <= HWY_AVX3_DL

// sum + the products of groups of four unsigned and signed bytes. Highway asks the CPU for VNNI but
// not the compiler (1.0.3), which so refuses the intrinsic.
HWY_INLINE __m512i AddByteProducts(__m512i sum, __m512i u, __m512i s) {
  __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(u), "v"(s));
  return sum;
}

// The byte grid: 64 coordinates a vector, all levels in two registers.
class ByteTrials {
 public:
  struct Block {
    __m512i x[4];     // words
    __m512i high[2];  // the same / 128 and % 128 as bytes, in the order that z gets below
    __m512i low[2];
  };

  explicit HWY_INLINE ByteTrials(const SearchCells& cells)
      : low_levels_(_mm512_load_si512(cells.byte_lookup.data())),
        high_levels_(_mm512_load_si512(cells.byte_lookup.data() + 64)) {}

  HWY_INLINE void Prepare(const float* HWY_RESTRICT v, VF to_units, Block& block) const {
    const __m512i mask = _mm512_set1_epi16(127);
    for (size_t j = 0; j < 4; ++j) block.x[j] = MagnitudeWords(v + 32 * j, to_units);
    for (size_t j = 0; j < 2; ++j) {
      const __m512i a = block.x[2 * j];
      const __m512i b = block.x[2 * j + 1];
      block.high[j] = _mm512_packus_epi16(_mm512_srli_epi16(a, 7), _mm512_srli_epi16(b, 7));
      block.low[j] = _mm512_packus_epi16(_mm512_and_si512(a, mask), _mm512_and_si512(b, mask));
    }
  }

  HWY_INLINE PartialSums Try(const Block& block, int16_t factor) const {
    const __m512i scale = _mm512_set1_epi16(factor);
    __m512i high = _mm512_setzero_si512();
    __m512i low = _mm512_setzero_si512();
    __m512i levels = _mm512_setzero_si512();
    for (size_t j = 0; j < 2; ++j) {
      // Saturates at 127, above every threshold.
      const __m512i z = _mm512_packs_epi16(_mm512_mulhrs_epi16(block.x[2 * j], scale),
                                           _mm512_mulhrs_epi16(block.x[2 * j + 1], scale));
      const __m512i c = _mm512_permutex2var_epi8(low_levels_, z, high_levels_);
      high = AddByteProducts(high, block.high[j], c);
      low = AddByteProducts(low, block.low[j], c);
      levels = AddByteProducts(levels, c, c);
    }
    const __m512i along = _mm512_add_epi32(_mm512_slli_epi32(high, 7), low);
    return {VI{along}, VI{levels}};
  }

 private:
  __m512i low_levels_, high_levels_;
};

#endif  // HWY_TARGET <= HWY_AVX3_DL

#elif HWY_TARGET == HWY_AVX2

// The byte grid: 32 coordinates a vector, tables of 16 bytes in each half of a register.
class ByteTrials {
 public:
  struct Block {
    __m256i x[8];     // words
    __m256i high[4];  // the same / 128 and % 128 as bytes, in the order that z gets below
    __m256i low[4];
  };

  explicit HWY_INLINE ByteTrials(const SearchCells& cells) : levels_(Twice(&cells.byte_levels[0])) {
    for (size_t i = 0; i < 2; ++i) {
      thresholds_[i] = Twice(&cells.byte_thresholds[16 * i]);
      bases_[i] = Twice(&cells.byte_bases[16 * i]);
    }
  }

  HWY_INLINE void Prepare(const float* HWY_RESTRICT v, VF to_units, Block& block) const {
    const auto fixed = [&](size_t j) HWY_ATTR {
      return _mm256_cvtps_epi32(hn::Mul(hn::LoadU(DF(), v + j * kLanes), to_units).raw);
    };
    const __m256i mask = _mm256_set1_epi16(127);
    for (size_t j = 0; j < 8; ++j) {
      block.x[j] = _mm256_abs_epi16(_mm256_packs_epi32(fixed(2 * j), fixed(2 * j + 1)));
    }
    for (size_t j = 0; j < 4; ++j) {
      const __m256i a = block.x[2 * j];
      const __m256i b = block.x[2 * j + 1];
      block.high[j] = _mm256_packus_epi16(_mm256_srli_epi16(a, 7), _mm256_srli_epi16(b, 7));
      block.low[j] = _mm256_packus_epi16(_mm256_and_si256(a, mask), _mm256_and_si256(b, mask));
    }
  }

  HWY_INLINE PartialSums Try(const Block& block, int16_t factor) const {
    const __m256i scale = _mm256_set1_epi16(factor);
    const __m256i one = _mm256_set1_epi16(1);
    __m256i along = _mm256_setzero_si256();
    __m256i levels = _mm256_setzero_si256();
    for (size_t j = 0; j < 4; ++j) {
      // Saturates at 127, above every threshold.
      const __m256i z = _mm256_packs_epi16(_mm256_mulhrs_epi16(block.x[2 * j], scale),
                                           _mm256_mulhrs_epi16(block.x[2 * j + 1], scale));
      const __m256i cell = _mm256_and_si256(_mm256_srli_epi16(z, 2), _mm256_set1_epi8(31));
      const __m256i is_upper = _mm256_slli_epi16(z, 1);  // bit 7 is z >= 64
      const __m256i above = _mm256_cmpgt_epi8(z, Permute(thresholds_, cell, is_upper));
      const __m256i number = _mm256_sub_epi8(Permute(bases_, cell, is_upper), above);
      const __m256i c = _mm256_shuffle_epi8(levels_, number);
      // No pair saturates: sum x^2 <= 128 bounds two neighbours of `high` by 256, so 256 * 127.
      const __m256i high =
          _mm256_madd_epi16(_mm256_maddubs_epi16(block.high[j], c), _mm256_set1_epi16(128));
      const __m256i low = _mm256_madd_epi16(_mm256_maddubs_epi16(block.low[j], c), one);
      along = _mm256_add_epi32(along, _mm256_add_epi32(high, low));
      levels = _mm256_add_epi32(levels, _mm256_madd_epi16(_mm256_maddubs_epi16(c, c), one));
    }
    return {VI{along}, VI{levels}};
  }

 private:
  static HWY_INLINE __m256i Twice(const int8_t* table) {
    return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table)));
  }
  static HWY_INLINE __m256i Permute(const __m256i (&table)[2], __m256i index, __m256i is_upper) {
    return _mm256_blendv_epi8(_mm256_shuffle_epi8(table[0], index),
                              _mm256_shuffle_epi8(table[1], index), is_upper);
  }

  __m256i thresholds_[2], bases_[2];
  __m256i levels_;
};

#endif  // HWY_TARGET

// The best trial so far and how it was found: four floats, so that it is chosen as one vector.
struct alignas(16) BestTrial {
  codec::ScaleTrial trial;
  float score = -1;
  float factor = 1;
};
static_assert(sizeof(BestTrial) == 16);

using D4 = hn::FixedTag<float, 4>;
using DI4 = hn::FixedTag<int32_t, 4>;

// The sums of all lanes of a, b, c and d, as floats.
HWY_INLINE hn::Vec<D4> LaneSums(VI a, VI b, VI c, VI d) {
  const DI di;
  const hn::RepartitionToWide<DI> d64;
  const auto ab =
      hn::BitCast(d64, hn::Add(hn::InterleaveLower(di, a, b), hn::InterleaveUpper(di, a, b)));
  const auto cd =
      hn::BitCast(d64, hn::Add(hn::InterleaveLower(di, c, d), hn::InterleaveUpper(di, c, d)));
  const VI all = hn::Add(hn::BitCast(di, hn::InterleaveLower(d64, ab, cd)),
                         hn::BitCast(di, hn::InterleaveUpper(d64, ab, cd)));
  return hn::ConvertTo(D4(), Halved(di, all));
}

// Tries center * factors, keeps the best. No branch depends on the scores: which trial wins cannot
// be predicted.
template <class Trials, size_t kCount>
HWY_INLINE void TryFactors(const Trials& trials, const codec::SearchTable& table,
                           const typename Trials::Block& block, float center,
                           const std::array<float, kCount>& factors, BestTrial& best) {
  const D4 d;
  alignas(16) float along[kCount];
  alignas(16) float levels[kCount];
  alignas(16) float score[kCount];
  auto highest = hn::Zero(d);
  for (size_t k = 0; k < kCount; k += 4) {
    const auto try_factor = [&](size_t i) HWY_ATTR {
      return trials.Try(block, table.FixedFactor(center * factors[k + i]));
    };
    const PartialSums t0 = try_factor(0), t1 = try_factor(1), t2 = try_factor(2),
                      t3 = try_factor(3);
    const auto a =
        hn::Mul(LaneSums(t0.along, t1.along, t2.along, t3.along), hn::Set(d, table.along_unit));
    const auto l = hn::Mul(LaneSums(t0.levels, t1.levels, t2.levels, t3.levels),
                           hn::Set(d, table.levels_unit));
    const auto ratio = hn::Div(hn::Mul(a, a), hn::Max(l, hn::Set(d, 1e-30f)));
    const auto s = hn::IfThenElseZero(hn::Gt(a, hn::Zero(d)), ratio);
    hn::Store(a, d, along + k);
    hn::Store(l, d, levels + k);
    hn::Store(s, d, score + k);
    highest = hn::Max(highest, s);
  }
  highest = hn::MaxOfLanes(d, highest);
  uint32_t winners = 0;
  for (size_t k = 0; k < kCount; k += 4) {
    uint8_t bits[8] = {};
    hn::StoreMaskBits(d, hn::Eq(hn::Load(d, score + k), highest), bits);
    winners |= uint32_t{bits[0]} << k;
  }
  const auto winner = static_cast<size_t>(std::countr_zero(winners));
  const BestTrial found = {
      {along[winner], levels[winner]}, score[winner], center * factors[winner]};
  const auto before = hn::Load(d, &best.trial.along);
  const auto is_better = hn::Gt(highest, hn::Set(d, best.score));
  hn::Store(hn::IfThenElse(is_better, hn::Load(d, &found.trial.along), before), d,
            &best.trial.along);
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
