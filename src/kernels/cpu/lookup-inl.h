// Small tables of 32-bit values: in registers where the target has permutes for them, else in
// memory.
#if defined(HLWQ_KERNELS_CPU_LOOKUP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_LOOKUP_INL_H_
#undef HLWQ_KERNELS_CPU_LOOKUP_INL_H_
#else
#define HLWQ_KERNELS_CPU_LOOKUP_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/cpu/fwht-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// Tables of kEntries (a power of two) values of T (float or int32_t), looked up by the low bits of
// an index vector; the bits above are ignored. `table` is aligned and outlives the object.
template <typename T, size_t kEntries>
class Lookup {
 public:
  using D = hn::Rebind<T, DF>;

  explicit HWY_INLINE Lookup(const T* table) : table_(table) {}
  HWY_INLINE hn::Vec<D> operator()(VI index) const {
    return hn::GatherIndex(D(), table_, hn::And(index, hn::Set(DI(), int32_t{kEntries - 1})));
  }

 private:
  const T* table_;
};

#if HWY_TARGET <= HWY_AVX3  // vpermps and vpermt2ps ignore the upper index bits

HWY_INLINE VF Permute16(VF table, VI index) {
  return VF{_mm512_permutexvar_ps(index.raw, table.raw)};
}
HWY_INLINE VI Permute16(VI table, VI index) {
  return VI{_mm512_permutexvar_epi32(index.raw, table.raw)};
}
HWY_INLINE VF Permute32(VF low, VF high, VI index) {
  return VF{_mm512_permutex2var_ps(low.raw, index.raw, high.raw)};
}
HWY_INLINE VI Permute32(VI low, VI high, VI index) {
  return VI{_mm512_permutex2var_epi32(low.raw, index.raw, high.raw)};
}

template <typename T>
class Lookup<T, 16> {
 public:
  using D = hn::Rebind<T, DF>;

  explicit HWY_INLINE Lookup(const T* table) : low_(hn::LoadU(D(), table)) {}
  HWY_INLINE hn::Vec<D> operator()(VI index) const { return Permute16(low_, index); }

 private:
  hn::Vec<D> low_;
};

template <typename T>
class Lookup<T, 32> {
 public:
  using D = hn::Rebind<T, DF>;

  explicit HWY_INLINE Lookup(const T* table)
      : low_(hn::LoadU(D(), table)), high_(hn::LoadU(D(), table + 16)) {}
  HWY_INLINE hn::Vec<D> operator()(VI index) const { return Permute32(low_, high_, index); }

 private:
  hn::Vec<D> low_, high_;
};

template <typename T>
class Lookup<T, 64> {
 public:
  using D = hn::Rebind<T, DF>;

  explicit HWY_INLINE Lookup(const T* table) : low_(table), high_(table + 32) {}
  HWY_INLINE hn::Vec<D> operator()(VI index) const {
    const auto upper = hn::TestBit(index, hn::Set(DI(), 32));
    return hn::IfThenElse(hn::RebindMask(D(), upper), high_(index), low_(index));
  }

 private:
  Lookup<T, 32> low_, high_;
};

#elif HWY_TARGET == HWY_AVX2  // vpermps of eight lanes; larger tables are chosen from by index bits

HWY_INLINE VF Permute8(VF table, VI index) {
  return VF{_mm256_permutevar8x32_ps(table.raw, index.raw)};
}
HWY_INLINE VI Permute8(VI table, VI index) {
  return VI{_mm256_permutevar8x32_epi32(table.raw, index.raw)};
}
// Chooses by bit kBit of the index, moved to the sign where the blend looks.
template <int kBit, class V>
HWY_INLINE V ChooseByBit(VI index, V if_set, V if_clear) {
  const auto sign = hn::BitCast(DF(), hn::ShiftLeft<31 - kBit>(index));
  const hn::DFromV<V> d;
  return hn::BitCast(d, VF{_mm256_blendv_ps(hn::BitCast(DF(), if_clear).raw,
                                            hn::BitCast(DF(), if_set).raw, sign.raw)});
}

template <typename T>
class Lookup<T, 8> {
 public:
  using D = hn::Rebind<T, DF>;

  explicit HWY_INLINE Lookup(const T* table) : table_(hn::LoadU(D(), table)) {}
  HWY_INLINE hn::Vec<D> operator()(VI index) const { return Permute8(table_, index); }

 private:
  hn::Vec<D> table_;
};

template <typename T>
class Lookup<T, 16> {
 public:
  using D = hn::Rebind<T, DF>;

  explicit HWY_INLINE Lookup(const T* table) : low_(table), high_(table + 8) {}
  HWY_INLINE hn::Vec<D> operator()(VI index) const {
    return ChooseByBit<3>(index, high_(index), low_(index));
  }

 private:
  Lookup<T, 8> low_, high_;
};

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
